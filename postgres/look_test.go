package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// Every replica looks for every event: a second look, to find nothing, would
// double what a replica asks of the database.
func TestTailLooksOnceForEachNotification(t *testing.T) {
	const events = 50
	log, err := postgres.Open(t.Context(), pgtest.Shared(t).Database(t), &postgres.Options{Poll: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	sub, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for i := range events {
		e := tidings.Event{User: "u", Channel: tidings.AGUI, Data: fmt.Appendf(nil, `{"n":%d}`, i)}
		if _, err := hub.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, err := range sub.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	figures := log.Health().Figures
	// The others are of the filling of the window, the first of the tail, and
	// what the beginning of listening asks for.
	looks, told := figures["polls_total"], figures["notifications_total"]
	if looks > told+5 || told > events {
		t.Errorf("got %v looks for %v notifications of %d events, want no more than one each", looks, told, events)
	}
}
