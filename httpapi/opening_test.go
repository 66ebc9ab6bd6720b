package httpapi_test

import (
	"context"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
	"github.com/tidings-dev/tidings/httpapi"
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
