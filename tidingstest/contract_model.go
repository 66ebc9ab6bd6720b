package tidingstest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/tidings-dev/tidings"
)

var modelFacts = []fact{
	{"RandomOperationsAgreeWithASlice", model},
}

// model has several callers do random things at once, each through a log of
// its own which a tail follows too. What each was told is judged afterwards,
// by the slice of all that the log then holds.
func model(ctx context.Context, s *subject) {
	const callers, steps = 4, 60
	seed := rand.Uint64()
	s.Logf("seed %d", seed)
	var acked atomic.Uint64
	walks := make([]*walk, callers)
	for i := range walks {
		walks[i] = &walk{rnd: rand.New(rand.NewPCG(seed, uint64(i))), log: s.open(), acked: &acked}
	}
	var tails sync.WaitGroup
	for _, w := range walks {
		tails.Go(func() { w.tailed = w.tail.resume(ctx, w.log) })
	}
	together(callers, func(i int) { walks[i].run(ctx, steps) })
	ending := sending{events: []tidings.Event{end()}}
	ending.receipts, ending.err = send(ctx, s.log, ending.events)
	s.report("the end", ending.err)
	tails.Wait()
	s.judgeWalks(ctx, walks, ending)
}

// judgeWalks compares what callers were told with the log.
func (s *subject) judgeWalks(ctx context.Context, walks []*walk, ending sending) {
	all, err := read(ctx, s.log, everything, tidings.ID{})
	s.must(err)
	sent := []sending{ending}
	for i, w := range walks {
		s.report(fmt.Sprint("caller ", i), w.err)
		s.report(fmt.Sprint("appends of caller ", i), history(all.events).inTurn(w.sent))
		for _, r := range w.reads {
			s.report(fmt.Sprintf("Read of caller %d of %s after %s", i, selection(r.sel), position(r.after)), r.judge(all.events))
		}
		if w.tailed == nil {
			w.tailed = same(w.tail.events, all.events)
		}
		s.report(fmt.Sprint("Tail of caller ", i), w.tailed)
		sent = append(sent, w.sent...)
	}
	s.report("the log", history(all.events).accounted(sent))
}

// A walk is one caller of the model, doing one random thing after another.
type walk struct {
	rnd    *rand.Rand
	log    tidings.Log
	acked  *atomic.Uint64 // the highest Seq that any caller was told
	known  []tidings.ID   // positions it was told
	sent   []sending
	reads  []reading
	err    error
	tail   run
	tailed error
}

// A reading is one Read and what it yielded.
type reading struct {
	sel   tidings.Selector
	after tidings.ID
	acked uint64 // the highest Seq acknowledged before
	run   run
}

// judge says how a Read differs from the events it had to yield.
func (r *reading) judge(all []tidings.Event) error {
	if r.run.through.Seq() < r.acked {
		return violation("ended at %s, but %d had been acknowledged before", r.run.through, r.acked)
	}
	var upTo []tidings.Event
	for _, e := range filter(all, r.sel, r.after) {
		if e.ID.Compare(r.run.through) <= 0 {
			upTo = append(upTo, e)
		}
	}
	return same(r.run.events, upTo)
}

func (w *walk) run(ctx context.Context, steps int) {
	for n := 0; n < steps && w.err == nil; n++ {
		switch p := w.rnd.IntN(20); {
		case p < 10:
			w.append(ctx)
		case p < 17:
			w.read(ctx)
		default:
			w.bounds(ctx)
		}
	}
}

func (w *walk) append(ctx context.Context) {
	b := sending{events: make([]tidings.Event, 1+w.rnd.IntN(4))}
	for i := range b.events {
		b.events[i] = w.event()
	}
	b.receipts, b.err = send(ctx, w.log, b.events)
	w.sent, w.err = append(w.sent, b), b.err
	for _, r := range b.receipts {
		w.known = append(w.known, r.ID)
		raise(w.acked, r.ID.Seq())
	}
}

// raise makes a not less than n.
func raise(a *atomic.Uint64, n uint64) {
	for old := a.Load(); old < n && !a.CompareAndSwap(old, n); {
		old = a.Load()
	}
}

func (w *walk) event() tidings.Event {
	e := tidings.Event{
		User: w.pick("a", "b", ""), Session: w.pick("", "s", "t"), Type: w.pick("x", "y"),
		Channel: tidings.Channel(w.pick("agui", "system", "notes", "tidings.control")),
		Data:    fmt.Appendf(nil, `{"n":%d}`, w.rnd.Uint32()),
	}
	if w.rnd.IntN(3) == 0 {
		e.Key = fmt.Sprint("k", w.rnd.IntN(40))
	}
	return e
}

func (w *walk) pick(of ...string) string { return of[w.rnd.IntN(len(of))] }

func (w *walk) read(ctx context.Context) {
	r := reading{acked: w.acked.Load(), sel: everything}
	if w.rnd.IntN(4) > 0 {
		r.sel = tidings.Selector{User: w.pick("a", "b", ""), Everyone: w.rnd.IntN(3) == 0}
	}
	if w.rnd.IntN(3) == 0 {
		r.sel.Sessions = []string{w.pick("", "s", "t")}
	}
	if len(w.known) > 0 && w.rnd.IntN(4) > 0 {
		r.after = w.known[w.rnd.IntN(len(w.known))]
	}
	r.run, w.err = read(ctx, w.log, r.sel, r.after)
	w.known = append(w.known, r.run.throughs...)
	w.reads = append(w.reads, r)
}

func (w *walk) bounds(ctx context.Context) {
	acked := w.acked.Load()
	_, head, err := w.log.Bounds(ctx)
	if w.err = err; err == nil && head.Seq() < acked {
		w.err = violation("Bounds: head %s, but %d had been acknowledged before", head, acked)
	}
	w.known = append(w.known, head)
}
