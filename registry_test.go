package tidings_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
)

// register registers a connection that must be accepted.
func register(t testing.TB, r *tidings.Registry, user, id string) *tidings.Guard {
	t.Helper()
	g, err := r.Register(tidings.Connection{User: user, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// over fails unless a connection no longer counts.
func over(t testing.TB, g *tidings.Guard) {
	t.Helper()
	select {
	case <-g.Done():
	default:
		t.Error("the guard is not done")
	}
}

// counts shows what a registry knows.
func counts(r *tidings.Registry) string {
	users, connections := r.Counts()
	return fmt.Sprintf("%v %d/%d total %d", r.ConnectedUsers(), users, connections, r.TotalConnections())
}

func TestRegistryCounts(t *testing.T) {
	r := newHub(t, nil, nil).Connections("agui")
	a := register(t, r, "alice", "1")
	register(t, r, "alice", "2")
	b := register(t, r, "bob", "1")
	if got, want := counts(r), "[alice bob] 2/3 total 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := slices.Collect(r.All()); len(got) != 3 || !slices.Contains(got, tidings.Connection{User: "bob", ID: "1"}) {
		t.Errorf("got %v", got)
	}
	if got := r.ConnectionCount("alice"); got != 2 {
		t.Errorf("alice has %d connections, want 2", got)
	}
	if got := r.ConnectionCount("carol"); got != 0 {
		t.Errorf("carol has %d connections, want 0", got)
	}
	a.Release()
	a.Release()
	b.Release()
	if got, want := counts(r), "[alice] 1/1 total 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r.Unregister("alice", "2")
	if got, want := counts(r), "[] 0/0 total 0"; got != want {
		t.Errorf("got %s, want %s: an owner without connections must vanish", got, want)
	}
}

func TestUnregisteringWhatIsNotThereChangesNothing(t *testing.T) {
	r := newHub(t, nil, nil).Connections("agui")
	g := register(t, r, "alice", "1")
	r.Unregister("alice", "2")
	r.Unregister("bob", "1")
	if got, want := counts(r), "[alice] 1/1 total 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	select {
	case <-g.Done():
		t.Error("the guard of another connection is done")
	default:
	}
}

func TestTheSameConnectionReplaces(t *testing.T) {
	r := newHub(t, nil, &tidings.Options{MaxConnections: 1}).Connections("agui")
	old := register(t, r, "alice", "1")
	g := register(t, r, "alice", "1") // at the limit
	over(t, old)
	old.Release()
	if got, want := counts(r), "[alice] 1/1 total 1"; got != want {
		t.Errorf("after the old guard's release got %s, want %s", got, want)
	}
	g.Release()
	over(t, g)
	if got, want := counts(r), "[] 0/0 total 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnregisteringTellsTheGuard(t *testing.T) {
	r := newHub(t, nil, nil).Connections("agui")
	g := register(t, r, "alice", "1")
	r.Unregister("alice", "1")
	over(t, g)
}

// A bell is a Waker that counts.
type bell int

func (b *bell) Wake() { *b++ }

func TestWhoAskedIsNotifiedOfTheEndOfAGuard(t *testing.T) {
	r := newHub(t, nil, nil).Connections("agui")
	var released, unregistered, replaced, late bell
	register(t, r, "alice", "1").Notify(&unregistered)
	register(t, r, "alice", "2").Notify(&replaced)
	own := register(t, r, "alice", "3")
	own.Notify(&released)
	if unregistered+replaced+released != 0 {
		t.Error("somebody was told while all count")
	}
	r.Unregister("alice", "1")
	g := register(t, r, "alice", "2")
	own.Release()
	g.Release()
	g.Notify(&late)
	if unregistered != 1 || replaced != 1 || late != 1 {
		t.Errorf("told %d, %d and %d times, want once each", unregistered, replaced, late)
	}
	if released != 0 {
		t.Error("who releases is told")
	}
}

// TestWhoIsCountedNoMoreCostsNothing has many who come once.
func TestWhoIsCountedNoMoreCostsNothing(t *testing.T) {
	r := newHub(t, nil, nil).Connections("agui")
	const many = 100_000
	come := func(from int) {
		for i := range many {
			register(t, r, fmt.Sprintf("somebody who comes once %d", from+i), "1").Release()
		}
	}
	come(0)
	before := heap()
	come(many)
	if grown := heap() - before; grown > many*8 {
		t.Errorf("%d owners who left cost %d bytes", many, grown)
	}
}

func TestTheEleventhConnectionIsRefused(t *testing.T) {
	hub := newHub(t, nil, nil)
	r := hub.Connections("agui")
	for i := range 10 {
		register(t, r, "alice", fmt.Sprint(i))
	}
	_, err := r.Register(tidings.Connection{User: "alice", ID: "one more"})
	many, ok := errors.AsType[*tidings.TooManyConnectionsError](err)
	if !ok || *many != (tidings.TooManyConnectionsError{Subject: "alice", Stream: "agui", Limit: 10}) || !errors.Is(err, tidings.ErrTooManyConnections) {
		t.Fatalf("got %#v", err)
	}
	register(t, r, "alice", "3")                      // replaces
	register(t, r, "bob", "one more")                 // is somebody else
	register(t, hub.Connections("a2a"), "alice", "1") // has its own limit
}

func TestConnectionsAreCountedAgainstTheSubject(t *testing.T) {
	r := newHub(t, nil, &tidings.Options{MaxConnections: 2}).Connections("agui")
	for _, user := range []string{"a", "b"} {
		if _, err := r.Register(tidings.Connection{User: user, ID: "1", Subject: "boss"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Register(tidings.Connection{User: "c", ID: "1", Subject: "boss"}); !errors.Is(err, tidings.ErrTooManyConnections) {
		t.Errorf("got error %v", err)
	}
	register(t, r, "a", "2") // a's own
	if got := r.ConnectionCount("a"); got != 2 {
		t.Errorf("a has %d connections, want 2", got)
	}
	if _, err := r.Register(tidings.Connection{User: "a", ID: "2", Subject: "boss"}); !errors.Is(err, tidings.ErrTooManyConnections) {
		t.Errorf("replacing somebody else's at the own limit: got error %v", err)
	}
}

func TestConnectionsToAllStreamsTogether(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 1, AcrossStreams: true})
	g := register(t, hub.Connections("agui"), "alice", "1")
	_, err := hub.Connections("a2a").Register(tidings.Connection{User: "alice", ID: "1"})
	if !errors.Is(err, tidings.ErrTooManyConnections) {
		t.Errorf("got error %v", err)
	}
	g.Release()
	register(t, hub.Connections("a2a"), "alice", "1")
}

func TestSubjectsAreCountedAcrossStreams(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 2, AcrossStreams: true})
	for i, user := range []string{"a", "b", "c"} {
		r := hub.Connections([]string{"agui", "a2a"}[i%2])
		_, err := r.Register(tidings.Connection{User: user, ID: "1", Subject: "boss"})
		if want := i == 2; errors.Is(err, tidings.ErrTooManyConnections) != want {
			t.Errorf("connection %d: got error %v", i+1, err)
		}
	}
}

func TestAnyNumberOfConnections(t *testing.T) {
	r := newHub(t, nil, &tidings.Options{MaxConnections: -1}).Connections("agui")
	for i := range 100 {
		register(t, r, "alice", fmt.Sprint(i))
	}
}

func TestConnectionsThatCannotBe(t *testing.T) {
	r := newHub(t, nil, nil).Connections("agui")
	for _, c := range []tidings.Connection{{User: "alice"}, {User: "alice", ID: "a\nb"}, {User: " ", ID: "1"}} {
		if _, err := r.Register(c); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("%+v: got error %v", c, err)
		}
	}
	if got, want := counts(r), "[] 0/0 total 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhoMayOwnEventsMayBeConnected(t *testing.T) {
	for _, limit := range []int{10, 1000} {
		hub := newHub(t, nil, &tidings.Options{Limits: tidings.Limits{Name: limit}})
		user := strings.Repeat("x", limit)
		register(t, hub.Connections("agui"), user, strings.Repeat("i", 26))
		if _, err := hub.Connections("agui").Register(tidings.Connection{User: user + "x", ID: "1"}); !errors.Is(err, tidings.ErrInvalid) {
			t.Errorf("limit %d: got error %v", limit, err)
		}
	}
}

// TestCountsDoNotDrift lets connections come, be replaced and go from a hundred
// goroutines, in every way there is, and then compares the counts with what is
// left.
func TestCountsDoNotDrift(t *testing.T) {
	hub := newHub(t, nil, &tidings.Options{MaxConnections: 7, AcrossStreams: true})
	registries := []*tidings.Registry{hub.Connections("agui"), hub.Connections("contexts")}
	var all sync.WaitGroup
	for n := range 100 {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		all.Go(func() {
			for range 500 {
				churn(t, random, registries[random.IntN(2)])
			}
		})
	}
	all.Wait()
	for _, r := range registries {
		if got, want := counts(r), "[] 0/0 total 0"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for i := range 7 { // nothing of the limit is used up
		register(t, registries[0], "u1", fmt.Sprint(i))
	}
}

// churn registers a connection of a random owner, and ends it in one of the
// ways.
func churn(t *testing.T, random *rand.Rand, r *tidings.Registry) {
	user, id := fmt.Sprint("u", random.IntN(5)), fmt.Sprint(random.IntN(12))
	g, err := r.Register(tidings.Connection{User: user, ID: id})
	if err != nil {
		if !errors.Is(err, tidings.ErrTooManyConnections) {
			t.Error(err)
		}
		return
	}
	if n := r.ConnectionCount(user); n > 7 {
		t.Errorf("%s has %d connections, 7 are allowed", user, n)
	}
	if users, n := r.Counts(); n > 35 || users > 5 || !slices.IsSorted(r.ConnectedUsers()) {
		t.Errorf("got %d connections of %d owners", n, users)
	}
	switch random.IntN(4) {
	case 0:
		r.Unregister(user, id)
	case 1:
		g.Release()
		g.Release()
	}
	g.Release()
	over(t, g)
}
