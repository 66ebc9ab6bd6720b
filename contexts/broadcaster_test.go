package contexts_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

func TestTheSessionOfAnEnvelopeWins(t *testing.T) {
	hub := newHub(t, nil)
	b := contexts.NewEnvelopeBroadcaster(hub)
	for _, tt := range []struct {
		protocol       tidings.Channel
		event, session string
		want           string
	}{
		{tidings.AGUI, `{"type":"CUSTOM","threadId":"t1"}`, "", "t1"},
		{tidings.AGUI, `{"type":"CUSTOM","threadId":"t1"}`, "s1", "s1"},
		{tidings.AGUI, `{"type":"CUSTOM"}`, "s1", "s1"},
		{tidings.A2A, `{"task":{"id":"1","contextId":"t1"}}`, "s1", "s1"},
		{tidings.System, `{"type":"CONTEXT_CREATED","contextId":"t1"}`, "s1", "s1"},
	} {
		e := contexts.Envelope{Protocol: tt.protocol, Event: json.RawMessage(tt.event), Session: tt.session}
		if _, err := b.Broadcast(context.Background(), "alice", e); err != nil {
			t.Fatal(err)
		}
		s, err := hub.Snapshot(t.Context(), tidings.Selector{User: "alice"}, 1)
		if err != nil || len(s.Events) != 1 || s.Events[0].Session != tt.want || s.Events[0].Channel != tt.protocol {
			t.Errorf("%s with %q: got %v, %v, want the session %q", tt.event, tt.session, s.Events, err, tt.want)
		}
	}
}
