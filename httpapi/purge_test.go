package httpapi_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// What a log says on its own channel is for no client: not on a stream, from the
// window or from the log, and not in a snapshot.
func TestNobodyIsSentWhatTheLogSaysOfAPurge(t *testing.T) {
	for _, window := range []int64{0, 1} {
		for path, channel := range map[string]tidings.Channel{
			"agui?user=alice&from=start": tidings.AGUI, "a2a?user=alice&from=start": tidings.A2A, "contexts?user=alice": tidings.System,
			"analytics?user=alice&from=start": tidings.Analytics, "feed?from=start": tidings.AGUI,
		} {
			synctest.Test(t, func(t *testing.T) {
				hub := newHub(t, tidingstest.NewSliceLog(nil), &tidings.Options{WindowBytes: window})
				defer hub.Close()
				a := serveInMemory(t, hub, nil, nil)
				purge(t, hub, "alice")
				r := a.follow("/v1/stream/" + path)
				defer r.close()
				time.Sleep(time.Second)
				purge(t, hub, "alice")
				e := tidings.Event{User: "alice", Channel: channel, Session: "s", Data: []byte(`"mark"`)}
				if _, err := hub.Publish(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				for got := ""; !strings.Contains(got, `"mark"`); {
					got = r.show()
					if got == "end" || strings.Contains(got, "tidings.") || strings.HasSuffix(got, "{}") {
						t.Fatalf("%s: got %s", path, got)
					}
				}
				if feed := a.get("/v1/feed?user=alice").ok(t); strings.Contains(feed, "tidings.") {
					t.Errorf("the snapshot has %s", feed)
				}
			})
		}
	}
}

// purge purges an owner.
func purge(t *testing.T, hub *tidings.Hub, user string) {
	t.Helper()
	if _, err := hub.Purge(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}
