package nats_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/natstest"
	"github.com/tidings-dev/tidings/nats"
)

// collect returns what a Read yields, as text: the events, and how it ended.
func collect(ctx context.Context, l *nats.Log, sel tidings.Selector, after tidings.ID) string {
	var b strings.Builder
	through := after
	for batch, err := range l.Read(ctx, sel, after) {
		if lost, ok := errors.AsType[*tidings.TruncatedError](err); ok {
			fmt.Fprint(&b, "lost up to ", lost.Floor)
			return b.String()
		}
		if err != nil {
			return b.String() + err.Error()
		}
		for _, e := range batch.Events {
			fmt.Fprintln(&b, e.ID, e.User, e.Channel, e.Session, e.Type, e.Key, e.Trace, string(e.Data))
		}
		through = batch.Through
	}
	fmt.Fprint(&b, "through ", through)
	return b.String()
}

// A world is what happens to a log, at random.
type world struct {
	l         *nats.Log
	rnd       *rand.Rand
	n         int
	positions []tidings.ID
}

func (w *world) pick(of ...string) string { return of[w.rnd.IntN(len(of))] }

// step has something happen.
func (w *world) step(ctx context.Context) error {
	switch w.rnd.IntN(12) {
	case 0:
		id, err := w.l.Purge(ctx, w.pick("a", "b", "c"))
		w.positions = append(w.positions, id)
		return err
	case 1:
		return w.l.DiscardThrough(ctx, w.positions[len(w.positions)*w.rnd.IntN(3)/6].Seq())
	default:
		events := make([]tidings.Event, 1+w.rnd.IntN(40))
		for i := range events {
			w.n++
			events[i] = tidings.Event{
				User: w.pick("a", "b", "c", "d"), Channel: tidings.Channel(w.pick("agui", "system", "tidings.x")), Session: w.pick("", "s", "t"),
				Type: w.pick("", "x", "y"), Key: fmt.Sprint(w.n), Trace: w.pick("", "trace"), Data: fmt.Appendf(nil, `"%d %s"`, w.n, strings.Repeat("x", w.rnd.IntN(300))),
			}
		}
		receipts, err := w.l.Append(ctx, events)
		for _, r := range receipts {
			w.positions = append(w.positions, r.ID)
		}
		return err
	}
}

// selector returns some selector.
func (w *world) selector() (sel tidings.Selector) {
	sel.User, sel.Everyone = w.pick("a", "b", "c", "d", "nobody"), w.rnd.IntN(5) == 0
	if w.rnd.IntN(2) == 0 {
		sel.Channels = []tidings.Channel{tidings.Channel(w.pick("agui", "tidings.x")), tidings.Channel(w.pick("system", string(tidings.Control)))}
	}
	if w.rnd.IntN(3) == 0 {
		sel.Sessions = []string{w.pick("", "s")}
	}
	if w.rnd.IntN(3) == 0 {
		sel.Types = []string{w.pick("", "x"), "y"}
	}
	return sel
}

// position returns some position, and whether it is not one of the log.
func (w *world) position() (at tidings.ID, foreign bool) {
	at = w.positions[w.rnd.IntN(len(w.positions))]
	switch w.rnd.IntN(8) {
	case 0:
		return tidings.ID{}, false
	case 1:
		return tidings.NewID(at.Time().Add(1), at.Seq()), true
	}
	return at, false
}

// TestWhatIsSharedIsWhatEachWouldHaveRead has the same log read both ways, after it
// was read while events were appended, purged and discarded.
func TestWhatIsSharedIsWhatEachWouldHaveRead(t *testing.T) {
	b := newBackend(t, natstest.Start(t, t.TempDir()).ClientURL())
	alone, shared := b.open(t), b.open(t)
	shared.ShareAlways()
	seed := time.Now().UnixNano()
	t.Log("seed", seed)
	w := &world{l: alone, rnd: rand.New(rand.NewPCG(uint64(seed), 0))}
	if _, err := alone.Append(t.Context(), []tidings.Event{{User: "a", Channel: tidings.System, Data: []byte(`0`)}}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		w.positions = append(w.positions, first(t, alone))
		w.happen(t, shared)
		for range 15 {
			sel := w.selector()
			after, foreign := w.position()
			got, want := collect(t.Context(), shared, sel, after), collect(t.Context(), alone, sel, after)
			if foreign && got == tidings.ErrForeign.Error() {
				continue // where an event was purged the other cannot tell any more
			}
			if got != want {
				t.Fatalf("%+v after %v: got\n%s\nwant\n%s", sel, after, got, want)
			}
		}
	}
}

// first returns the position at which a log begins.
func first(t *testing.T, l *nats.Log) tidings.ID {
	t.Helper()
	floor, _, err := l.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return floor
}

// happen has a few things happen to a log while it is read.
func (w *world) happen(t *testing.T, shared *nats.Log) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for _, user := range []string{"a", "b"} {
		readers.Go(func() {
			for ctx.Err() == nil {
				collect(ctx, shared, tidings.Selector{User: user}, tidings.ID{})
			}
		})
	}
	defer readers.Wait()
	defer cancel()
	for range 5 {
		if err := w.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A flock is many readers, each of an owner of his own.
type flock struct {
	readers, each int
	after         []tidings.ID
}

// fill appends for each owner a first event, after which he was, and others.
func (f *flock) fill(t *testing.T, l *nats.Log) {
	t.Helper()
	for n := range f.each + 1 {
		for at := 0; at < f.readers; at += 500 {
			events := make([]tidings.Event, 500)
			for i := range events {
				data := fmt.Appendf(nil, `{"n":%d,"filler":%q}`, n, strings.Repeat("x", 180))
				events[i] = tidings.Event{User: fmt.Sprint("user", at+i), Channel: tidings.System, Data: data}
			}
			receipts, err := l.Append(t.Context(), events)
			if err != nil {
				t.Fatal(err)
			}
			for i := range receipts {
				if n == 0 {
					f.after = append(f.after, receipts[i].ID)
				}
			}
		}
	}
}

// read has all readers read as a subscription does, batch by batch, until each has
// what is his.
func (f *flock) read(ctx context.Context, l *nats.Log) error {
	errs := make([]error, f.readers)
	var all sync.WaitGroup
	for r := range f.readers {
		all.Go(func() { errs[r] = f.follow(ctx, l, r) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// follow reads as one of them.
func (f *flock) follow(ctx context.Context, l *nats.Log, r int) error {
	after := f.after[r]
	for n := 1; n <= f.each; {
		for batch, err := range l.Read(ctx, tidings.Selector{User: fmt.Sprint("user", r)}, after) {
			if err != nil {
				return err
			}
			for _, e := range batch.Events {
				if !strings.HasPrefix(string(e.Data), fmt.Sprintf(`{"n":%d,`, n)) {
					return fmt.Errorf("reader %d got %s, want %d", r, e.Data, n)
				}
				n++
			}
			after = batch.Through
			break
		}
	}
	return nil
}

// requests returns how many messages a server got.
func requests(t *testing.T, s *server.Server) int64 {
	t.Helper()
	v, err := s.Varz(nil)
	if err != nil {
		t.Fatal(err)
	}
	return v.InMsgs
}

// TestThousandsWhoReadAtOnceAskLittle has them read 40,000 events of all, for which
// the memory is bounded, as is what the server is asked for, and its consumers.
func TestThousandsWhoReadAtOnceAskLittle(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	b := newBackend(t, s.ClientURL())
	l := b.open(t)
	f := &flock{readers: 2000, each: 20}
	f.fill(t, l)
	before := requests(t, s)
	most := watch(s)
	err := f.read(t.Context(), l)
	bytes, consumers := most()
	if err != nil {
		t.Fatal(err)
	}
	if n := requests(t, s) - before; n > 1000 {
		t.Errorf("%d readers asked %d times", f.readers, n)
	}
	if consumers > 1 {
		t.Errorf("there were %d consumers", consumers)
	}
	if bytes > 200<<20 {
		t.Errorf("they took %d MB", bytes>>20)
	}
}

// watch looks at the memory and at the consumers of a server until what it returns is
// called, which says how many there were at most.
func watch(s *server.Server) func() (bytes uint64, consumers int) {
	var most uint64
	var consumers int
	before := memory()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // ends with what is returned
		defer close(stopped)
		for ticker := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-ticker.C:
			case <-stop:
				ticker.Stop()
				return
			}
			if j, err := s.Jsz(nil); err == nil {
				consumers = max(consumers, j.Consumers)
			}
			most = max(most, memory())
		}
	}()
	return func() (uint64, int) {
		close(stop)
		<-stopped
		return most - min(before, most), consumers
	}
}

// memory returns how much is in use.
func memory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
