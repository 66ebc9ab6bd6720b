package httpapi_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestHeartbeatConstants(t *testing.T) {
	if httpapi.HeartbeatInterval != 15*time.Second || httpapi.HeartbeatJSON != `{"type":"heartbeat"}` {
		t.Errorf("got %v and %s", httpapi.HeartbeatInterval, httpapi.HeartbeatJSON)
	}
}

// A stream speaks at once, and then every 15 seconds: in comments, unless the
// client asked for events.
func TestEveryStreamSpeaksAtOnceAndThenEveryFifteenSeconds(t *testing.T) {
	const comment, event = ": keep-alive", `heartbeat {"type":"heartbeat"}`
	for _, tt := range []struct{ path, first, beat string }{
		{"agui?user=alice", "at 0", comment},
		{"a2a?user=alice", "at 0", comment},
		{"contexts?user=alice", "0 " + noContexts, comment},
		{"feed?user=alice", "at 0", comment},
		{"analytics?user=alice&types=PAGE_VIEW", "at 0", comment},
		{"contexts?user=alice&heartbeat=json", "0 " + noContexts, event},
		{"analytics?user=alice&types=PAGE_VIEW&heartbeat=json", "at 0", event},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
			began := time.Now()
			r := a.follow("/v1/stream/" + tt.path)
			r.expect(tt.first)
			if took := time.Since(began); took != 0 {
				t.Errorf("%s: speaks after %v", tt.path, took)
			}
			for i := range 4 {
				r.expect(tt.beat)
				if took := time.Since(began); took != time.Duration(i+1)*15*time.Second {
					t.Errorf("%s: heartbeat %d after %v", tt.path, i+1, took)
				}
			}
			r.close()
		})
	}
}

// Names stand in fields of frames.
func TestNamesThatWouldBreakAFrameAreRefused(t *testing.T) {
	a := serve(t, nil)
	for _, bad := range []string{`\n`, `\r`, `\r\n`, `\u0000`, `\u0085`, `\u2028`} {
		for _, member := range []string{"type", "session", "key", "user"} {
			body := `{"channel":"system","data":1,"` + member + `":"a` + bad + `id: 7"`
			if member != "user" {
				body += `,"user":"alice"`
			}
			a.post("/v1/events", body+"}").is(t, 400, wire.Invalid)
		}
	}
	for _, query := range []string{"type=a%0Aid:%207", "type=a%0Did:%207", "session=a%0Ab", "key=a%0Db"} {
		a.post("/v1/publish/system?user=alice&"+query, `1`).is(t, 400, wire.Invalid)
	}
	a.nothingHappened()
}
