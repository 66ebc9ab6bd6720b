package analytics_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
)

func TestBroadcastEventsBelongToTheirSession(t *testing.T) {
	hub, err := tidings.New(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	e, err := analytics.NewBroadcaster(hub).Event("alice", analytics.NewPageView("s1", "/"))
	if err != nil || e.User != "alice" || e.Channel != tidings.Analytics || e.Session != "s1" || e.Type != analytics.TypePageView {
		t.Errorf("got %+v and error %v", e, err)
	}
}
