package tidings_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
)

func TestPositionIsWhereTheSubscriptionGot(t *testing.T) {
	hub := newHub(t, nil, nil)
	first, err := hub.Publish(t.Context(), event("u", "s", `1`))
	if err != nil {
		t.Fatal(err)
	}
	sub, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	second, err := hub.Publish(t.Context(), event("u", "s", `2`))
	if err != nil {
		t.Fatal(err)
	}
	if got := sub.Position(); got != first.ID {
		t.Errorf("got %v, want %v, where it began", got, first.ID)
	}
	if _, err := sub.Pending(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := sub.Position(); got != second.ID {
		t.Errorf("got %v, want %v, which was read", got, second.ID)
	}
}
