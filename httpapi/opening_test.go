package httpapi_test

import (
	"context"
	"testing"

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
