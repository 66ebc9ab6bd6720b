package tidings_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// keyed returns an event with a key.
func keyed(user, key, data string) tidings.Event {
	e := event(user, "s", data)
	e.Key = key
	return e
}

func TestSameKeyIsOneEvent(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		first := publishOne(t, hub, keyed("u", "k", "1"))
		again := publishOne(t, hub, keyed("u", "k", "2"))
		if first.Duplicate || !again.Duplicate || again.ID != first.ID {
			t.Errorf("got %+v, then %+v", first, again)
		}
		batch := publish(t, hub, keyed("u", "k2", "3"), keyed("u", "k2", "4"), keyed("other", "k2", "5"), event("u", "s", "6"))
		if batch[0].Duplicate || !batch[1].Duplicate || batch[1].ID != batch[0].ID || batch[2].Duplicate {
			t.Errorf("in one batch: got %+v", batch)
		}
		sub := subscribe(t, hub, tidings.Selector{Everyone: true}, tidings.Oldest)
		if got := fmt.Sprint(read(t, sub, 4)); got != "[1 3 5 6]" {
			t.Errorf("kept %s, want [1 3 5 6]", got)
		}
	})
}

func TestSameKeyAtOnceIsOneEvent(t *testing.T) {
	onEveryLog(t, func(t *testing.T, hub *tidings.Hub) {
		receipts := make([]tidings.Receipt, 100)
		var wg sync.WaitGroup
		for i := range receipts {
			wg.Go(func() { receipts[i] = publishOne(t, hub, keyed("u", "k", fmt.Sprint(i))) })
		}
		wg.Wait()
		fresh := 0
		for _, r := range receipts {
			if r.ID != receipts[0].ID {
				t.Errorf("got receipts of %s and %s", r.ID, receipts[0].ID)
			}
			if !r.Duplicate {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d were no duplicates, want 1", fresh)
		}
	})
}

func TestKeyIsForgottenAfterItsWindow(t *testing.T) {
	for name, newLog := range map[string]func() tidings.Log{
		"memory": func() tidings.Log { return nil },
		"slice":  func() tidings.Log { return tidingstest.NewSliceLog(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newHub(t, newLog(), nil)
				defer hub.Close()
				for round := range 5 {
					first := publishOne(t, hub, keyed("u", "k", "1"))
					time.Sleep(2*time.Minute - time.Second)
					again := publishOne(t, hub, keyed("u", "k", "2"))
					if first.Duplicate || !again.Duplicate || again.ID != first.ID {
						t.Errorf("round %d: got %+v, then %+v", round, first, again)
					}
					time.Sleep(2 * time.Second)
				}
			})
		})
	}
}

func TestKeysOutliveTheirGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t, nil, nil)
		defer hub.Close()
		for i := range 10 { // a key a half minute, retried three times within its window
			for _, age := range []int{0, 1, 2, 3} {
				if r := publishOne(t, hub, keyed("u", fmt.Sprint(max(0, i-age)), "1")); i >= age && r.Duplicate != (age > 0) {
					t.Errorf("key %d after %d half minutes: got %+v", i-age, age, r)
				}
			}
			time.Sleep(30 * time.Second)
		}
	})
}

func TestTooManyKeysAreRefusedButNotRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidings.NewMemoryLog(&tidings.MemoryOptions{Keys: 10})
		defer log.Close()
		hub := newHub(t, log, nil)
		defer hub.Close()
		for i := range 10 {
			publishOne(t, hub, keyed("u", fmt.Sprint(i), "1"))
		}
		if _, err := hub.Publish(t.Context(), keyed("u", "more", "1")); !errors.Is(err, tidings.ErrTooManyKeys) {
			t.Errorf("got %v, want ErrTooManyKeys", err)
		}
		if r := publishOne(t, hub, keyed("u", "3", "1")); !r.Duplicate {
			t.Errorf("a retry got %+v", r)
		}
		publishOne(t, hub, event("u", "s", "2"))
		time.Sleep(5 * time.Minute)
		publishOne(t, hub, keyed("u", "more", "1"))
	})
}

func TestKeyOutlivesItsEvent(t *testing.T) {
	hub := newHub(t, smallLog(t, tidings.Retention{Events: 1}), nil)
	first := publishOne(t, hub, keyed("u", "k", "1"))
	publishNumbers(t, hub, "u", "s", 2, 9)
	if again := publishOne(t, hub, keyed("u", "k", "1")); !again.Duplicate || again.ID != first.ID {
		t.Errorf("got %+v, want a duplicate of %s", again, first.ID)
	}
}
