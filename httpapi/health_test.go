package httpapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestWhatTheLogSaysOfItself(t *testing.T) {
	l := tidingstest.NewSliceLog(nil)
	a := serveHub(t, newHub(t, l, nil), nil)
	const ready, well = `{"status":"ready"}`, `"log":{"ok":true}`
	for _, tt := range []struct {
		health tidings.Health
		ready  string // empty: refused
		detail string
		stats  string
	}{
		{tidings.Health{}, ready, "", well},
		{
			tidings.Health{Figures: map[string]float64{"rows": 2, "moved_total": 1.5}}, ready, "",
			`"log":{"ok":true,"figures":{"moved_total":1.5,"rows":2}}`,
		},
		{
			tidings.Health{Err: errors.New("no listener on db1: grant it")},
			`{"status":"ready","warning":"the log is followed, but something of it does not work as it should; /v1/stats says what"}`, "",
			`"log":{"ok":true,"warning":"no listener on db1: grant it"}`,
		},
		{
			tidings.Health{Err: fmt.Errorf("%w: db1 is a standby", tidings.ErrReadOnly)}, "", "read-only",
			`"log":{"ok":true,"warning":"tidings: log is read-only: db1 is a standby"}`,
		},
	} {
		l.Diagnose(tt.health)
		if body := a.get("/v1/stats").ok(t); !strings.Contains(body, tt.stats) {
			t.Errorf("%v: got %s", tt.health, body)
		}
		if body := a.get("/health/live").ok(t); strings.TrimSpace(body) != `{"status":"live"}` {
			t.Errorf("%v: got %s", tt.health, body)
		}
		if tt.ready != "" {
			if body := a.get("/health/ready").ok(t); strings.TrimSpace(body) != tt.ready {
				t.Errorf("%v: got %s", tt.health, body)
			}
			continue
		}
		got := a.get("/health/ready")
		if got.is(t, 503, wire.Unavailable); !strings.Contains(got.detail, tt.detail) || strings.Contains(got.body, "db1") {
			t.Errorf("%v: got %s", tt.health, got.body)
		}
	}
}

// Before a stream begins a log that gives no answer is no fault of the server's,
// whatever the reason it has.
func TestALogThatDoesNotAnswerIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := tidingstest.NewSliceLog(nil)
		hub := newHub(t, l, &tidings.Options{WindowBytes: 1})
		defer hub.Close()
		a := serveInMemory(t, hub, nil, nil)
		first := a.publishEvent(tidings.Event{User: "alice", Channel: tidings.AGUI, Session: "s", Data: []byte(`1`)})
		a.publish("alice", `2`, `3`)
		synctest.Wait()
		l.Break(errors.New("host db1 is gone"))
		for _, path := range []string{
			"/v1/stream/contexts?user=alice", "/v1/stream/contexts?user=alice&after=" + first.String(), "/v1/feed?user=alice",
		} {
			got := a.get(path)
			if got.is(t, 503, wire.Unavailable); strings.Contains(got.body, "db1") || got.header.Get("Retry-After") == "" {
				t.Errorf("%s: got %s, Retry-After %q", path, got.body, got.header.Get("Retry-After"))
			}
		}
		l.Restore()
		l.Fail(tidingstest.OpRead, errors.New("host db1 is gone"))
		a.get("/v1/feed?user=alice").is(t, 503, wire.Unavailable)
		time.Sleep(time.Minute)
		r := a.follow("/v1/stream/contexts?user=alice")
		r.show()
		r.close()
	})
}
