package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// A list is a source of contexts that are always the same.
type list struct {
	hub      *tidings.Hub
	snapshot contexts.Snapshot
}

func (l *list) Contexts(ctx context.Context, _ string) (*contexts.Snapshot, tidings.ID, error) {
	s := l.snapshot
	at, err := l.hub.Synced(ctx)
	return &s, at, err
}

func TestSnapshotsAreNarrowedToTheSessions(t *testing.T) {
	hub := newHub(t, nil, nil)
	all := &list{hub, contexts.Snapshot{
		Contexts: []contexts.Context{{ID: "a", Seen: "s"}, {ID: "b"}, {ID: "c"}}, Deleted: []string{"x", "y", "z"},
	}}
	a := serveHub(t, hub, &httpapi.Options{Contexts: all})
	const zero = `"name":"","created_at":"0001-01-01T00:00:00Z","updated_at":"0001-01-01T00:00:00Z","message_count":0,"task_count":0`
	r := a.follow("/v1/stream/contexts?user=alice&session=z&session=a&session=y")
	r.expect(`0 {"protocol":"system","event":{"type":"CONTEXTS_SNAPSHOT","timestamp":"T",` +
		`"contexts":[{"context_id":"a",` + zero + `,"seen":"s"}],"deleted":["y","z"]}}`)
}

func TestSnapshotsStayTheSources(t *testing.T) {
	hub := newHub(t, nil, nil)
	kept := &shared{hub: hub}
	a := serveHub(t, hub, &httpapi.Options{Contexts: kept})
	for range 2 {
		a.follow("/v1/stream/contexts?user=alice").expectListed("0 snapshot []")
	}
	if !kept.snapshot.Timestamp.IsZero() {
		t.Errorf("the source's snapshot was stamped %s", kept.snapshot.Timestamp)
	}
}

// shared is a source that hands out the same snapshot to all.
type shared struct {
	hub      *tidings.Hub
	snapshot contexts.Snapshot
}

func (s *shared) Contexts(ctx context.Context, _ string) (*contexts.Snapshot, tidings.ID, error) {
	at, err := s.hub.Synced(ctx)
	return &s.snapshot, at, err
}

func TestSnapshotsThatCannotBeAreTheServersFault(t *testing.T) {
	hub := newHub(t, nil, nil)
	a := serveHub(t, hub, &httpapi.Options{Contexts: &list{hub, contexts.Snapshot{Contexts: []contexts.Context{{ID: ""}}}}})
	a.get("/v1/stream/contexts?user=alice").is(t, 500, wire.Internal)
}

func TestWhatEndsAStreamEndsItsSettingUp(t *testing.T) {
	for name, tt := range map[string]struct {
		access httpapi.Access
		end    func(*httpapi.Handler, *tidings.Hub, chan struct{})
		status int
	}{
		"drained": {end: func(h *httpapi.Handler, _ *tidings.Hub, _ chan struct{}) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			h.Drain(ctx)
		}, status: 503},
		"unregistered": {end: func(_ *httpapi.Handler, hub *tidings.Hub, _ chan struct{}) {
			for c := range hub.Connections("contexts").All() {
				hub.Connections("contexts").Unregister(c.User, c.ID)
			}
		}, status: 503},
		"revoked": {end: func(_ *httpapi.Handler, _ *tidings.Hub, revoked chan struct{}) { close(revoked) }, status: 401},
		"expired": {access: httpapi.Access{Expires: time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)}, end: func(*httpapi.Handler, *tidings.Hub, chan struct{}) { time.Sleep(2 * time.Hour) }, status: 401},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newHub(t, nil, nil)
				source := contexts.Provided(hub, func(ctx context.Context, _ string) ([]contexts.Context, error) {
					<-ctx.Done()
					return nil, context.Cause(ctx)
				})
				revoked := make(chan struct{})
				tt.access.Owner, tt.access.Revoked = "alice", revoked
				h := httpapi.New(hub, &httpapi.Options{Contexts: source, Authenticate: func(*http.Request) (httpapi.Access, error) { return tt.access, nil }})
				w := httptest.NewRecorder()
				done := make(chan struct{})
				go func() {
					defer close(done)
					h.ServeHTTP(deadlined{w}, httptest.NewRequest("GET", "/v1/stream/contexts", nil).WithContext(t.Context()))
				}()
				synctest.Wait()
				tt.end(h, hub, revoked)
				synctest.Wait()
				select {
				case <-done:
					if w.Code != tt.status {
						t.Errorf("got %d %s, want %d", w.Code, w.Body, tt.status)
					}
				default:
					t.Error("the request is still being served")
				}
			})
		})
	}
}

func TestStreamsWithoutSystemEventsHaveNoSnapshot(t *testing.T) {
	router, err := tidings.NewRouter(tidings.Stream{Name: "contexts", Channels: []tidings.Channel{tidings.AGUI}, Envelope: true})
	if err != nil {
		t.Fatal(err)
	}
	a := serveHub(t, newHub(t, nil, &tidings.Options{Router: router}), nil)
	r := a.follow("/v1/stream/contexts?user=alice")
	r.expectListed("at 0")
	a.publish("alice", `1`)
	r.expectListed("1 " + one)
}

// deadlined has deadlines that never pass.
type deadlined struct{ *httptest.ResponseRecorder }

func (deadlined) SetReadDeadline(time.Time) error  { return nil }
func (deadlined) SetWriteDeadline(time.Time) error { return nil }
