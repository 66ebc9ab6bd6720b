package tidings_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tidings-dev/tidings"
)

// left shows which connections a registry still knows, by their ids.
func left(r *tidings.Registry) string {
	var ids []string
	for c := range r.All() {
		ids = append(ids, c.User+c.ID)
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}

func TestTheOldestConnectionMakesRoom(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 2, AtCap: tidings.EndOldest})
	r := hub.Connections("agui")
	first, second := register(t, r, "alice", "1"), register(t, r, "alice", "2")
	var bell bell
	first.Notify(&bell)
	register(t, r, "bob", "1")
	third := register(t, r, "alice", "3")
	over(t, first)
	if !first.Displaced() || !first.Over() || bell != 1 {
		t.Errorf("displaced %t, over %t, told %d times: want true, true, 1", first.Displaced(), first.Over(), bell)
	}
	if second.Over() || third.Over() || second.Displaced() {
		t.Error("another one is over")
	}
	first.Release()
	if got, want := left(r), "[alice2 alice3 bob1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got := hub.ConnectionLimit()
	if want := (tidings.ConnectionLimit{Limit: 2, AtCap: tidings.EndOldest, Most: 2, Displaced: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhoLeavesIsNotTheOldestAnyMore(t *testing.T) {
	r := newHub(t, nil, &tidings.Options{MaxConnections: 2, AtCap: tidings.EndOldest}).Connections("agui")
	first, second := register(t, r, "alice", "1"), register(t, r, "alice", "2")
	first.Release()
	register(t, r, "alice", "3")
	if second.Over() {
		t.Error("there was room")
	}
	again := register(t, r, "alice", "2") // is the newest now
	if !second.Over() || second.Displaced() {
		t.Errorf("over %t, displaced %t: want true, false", second.Over(), second.Displaced())
	}
	register(t, r, "alice", "4")
	if again.Over() {
		t.Error("the newest made room")
	}
	if got, want := left(r), "[alice2 alice4]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheOldestOfAllStreamsMakesRoom(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 2, AcrossStreams: true, AtCap: tidings.EndOldest})
	first := register(t, hub.Connections("agui"), "alice", "1")
	register(t, hub.Connections("a2a"), "alice", "2")
	register(t, hub.Connections("a2a"), "alice", "3")
	if !first.Displaced() || hub.Connections("agui").TotalConnections() != 0 {
		t.Error("the oldest is on another stream, and stayed")
	}
	if got := hub.ConnectionLimit(); got.Most != 2 || !got.Across {
		t.Errorf("got %+v", got)
	}
}

func TestTheNewestIsRefusedUnlessSaidOtherwise(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 1})
	r := hub.Connections("agui")
	first := register(t, r, "alice", "1")
	if _, err := r.Register(tidings.Connection{User: "alice", ID: "2"}); !errors.Is(err, tidings.ErrTooManyConnections) {
		t.Errorf("got %v", err)
	}
	if first.Over() {
		t.Error("the oldest made room")
	}
	got := hub.ConnectionLimit()
	if want := (tidings.ConnectionLimit{Limit: 1, Most: 1, Refused: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOldestAgainstAModel has random connections of a few subjects come and go, on
// some streams, and compares with a list of each.
func TestOldestAgainstAModel(t *testing.T) {
	for _, across := range []bool{false, true} {
		random := rand.New(rand.NewPCG(1, 2))
		hub := newHub(t, nil, &tidings.Options{MaxConnections: 3, AcrossStreams: across, AtCap: tidings.EndOldest})
		type one struct {
			guard *tidings.Guard
			seat  string
		}
		var model []one // in the order in which they came
		for i := range 5000 {
			user, stream := fmt.Sprint("u", random.IntN(3)), fmt.Sprint("s", random.IntN(2))
			if len(model) > 0 && random.IntN(3) == 0 {
				gone := random.IntN(len(model))
				model[gone].guard.Release()
				model = slices.Delete(model, gone, gone+1)
				continue
			}
			seat := user
			if !across {
				seat += stream
			}
			guard := register(t, hub.Connections(stream), user, fmt.Sprint(i))
			held, oldest := 0, -1
			for at, o := range model {
				if o.seat == seat {
					if held++; oldest < 0 {
						oldest = at
					}
				}
			}
			if held == 3 {
				if !model[oldest].guard.Displaced() {
					t.Fatalf("step %d: the oldest of %s stayed", i, seat)
				}
				model = slices.Delete(model, oldest, oldest+1)
			}
			model = append(model, one{guard, seat})
			for _, o := range model {
				if o.guard.Over() {
					t.Fatalf("step %d: a connection of %s is over", i, o.seat)
				}
			}
		}
	}
}
