package tidings_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestSnapshotOutrunByRetention(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 0, 199)
		synctest.Wait()
		log.Reads.Hold()
		result := make(chan []string, 1)
		go func() {
			result <- showSnapshot(hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 150))
		}()
		synctest.Wait()
		log.Reads.Release() // for one batch
		log.Reads.Hold()
		synctest.Wait()
		log.Truncate(100)
		log.Reads.Release()
		if got, want := <-result, numbers(100, 199); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestSnapshotOfAClosedLog(t *testing.T) {
	log := tidings.NewMemoryLog(nil)
	hub := newHub(t, log, nil)
	log.Close()
	_, err := hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 0)
	endedWell(t, err)
}

func TestSnapshotOfRecentEventsReadsNoLog(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 0, 199)
		synctest.Wait()
		log.Fail(tidingstest.OpRead, errBroken, errBroken)
		snapshot, err := hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 5)
		if got := showSnapshot(snapshot, err); !slices.Equal(got, numbers(195, 199)) {
			t.Errorf("got %v", got)
		}
		if _, err := hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 200); !errors.Is(err, errBroken) {
			t.Errorf("got %v though the window cannot have 200 events", err)
		}
		log.Truncate(198) // the log retains less than the window
		snapshot, err = hub.Snapshot(t.Context(), tidings.Selector{User: "u"}, 5)
		if got := showSnapshot(snapshot, err); !slices.Equal(got, numbers(198, 199)) {
			t.Errorf("got %v", got)
		}
	})
}

func TestSnapshotHasWhatTheTailHasNotBrought(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	fast, late := newHub(t, log, nil), newLateHub(t, log)
	publishNumbers(t, fast, "u", "s", 0, 9)
	snapshot, err := late.Snapshot(t.Context(), tidings.Selector{User: "u"}, 3)
	if got := showSnapshot(snapshot, err); !slices.Equal(got, numbers(7, 9)) {
		t.Errorf("got %v", got)
	}
}

// showSnapshot returns the data of the events, or the error.
func showSnapshot(snapshot tidings.Snapshot, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	var got []string
	for _, e := range snapshot.Events {
		got = append(got, string(e.Data))
	}
	return got
}
