package tidingstest

import (
	"context"
	"fmt"
	"slices"

	"github.com/tidings-dev/tidings"
)

var keyFacts = []fact{
	{"AKeyIsAppendedOnce", keyOnce},
	{"AKeyIsAppendedOnceWhateverElseDiffers", keyDecides},
	{"AKeyTwiceInABatchIsAppendedOnce", keyTwiceInBatch},
	{"AKeyIsAppendedOnceByConcurrentAppenders", keyConcurrent},
	{"AKeyIsItsOwnersAlone", keyOfOwner},
	{"EventsWithoutKeyAreNeverDuplicates", noKey},
}

var keyWindowFacts = []fact{
	{"AfterTheKeyWindowAKeyIsNew", keyExpires},
}

// wantReceipts appends events and compares the receipts, as text: "new", or
// "dup" and the position.
func (s *subject) wantReceipts(ctx context.Context, l tidings.Log, events []tidings.Event, want ...string) []tidings.Receipt {
	s.Helper()
	receipts, err := send(ctx, l, events)
	s.must(err)
	got := make([]string, len(receipts))
	for i, r := range receipts {
		if got[i] = "new"; r.Duplicate {
			got[i] = duplicate(r.ID)
		}
	}
	if !slices.Equal(got, want) {
		s.Fatalf("receipts %q, want %q", got, want)
	}
	return receipts
}

func duplicate(id tidings.ID) string { return "dup " + id.String() }

func keyOnce(ctx context.Context, s *subject) {
	first := s.keep(ctx, s.log, withKey(note("a", 0), "k"))
	want := append(first, s.keep(ctx, s.log, note("a", 1))...)
	for _, l := range []tidings.Log{s.log, s.open()} {
		s.wantReceipts(ctx, l, []tidings.Event{withKey(note("a", 0), "k")}, duplicate(first[0].ID))
	}
	s.wantHead(ctx, s.log, last(want).ID)
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
	next := s.keep(ctx, s.log, note("a", 2))
	s.wantTail(ctx, s.log, tidings.ID{}, append(want, next...))
}

func keyDecides(ctx context.Context, s *subject) {
	want := s.keep(ctx, s.log, withKey(note("a", 0), "k"))
	other := tidings.Event{
		User: "a", Key: "k", Channel: "notes", Session: "t", Type: "other", Data: []byte(`{"other":true}`), Trace: "t",
	}
	s.wantReceipts(ctx, s.open(), []tidings.Event{other}, duplicate(want[0].ID))
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
}

func keyTwiceInBatch(ctx context.Context, s *subject) {
	known := s.keep(ctx, s.log, withKey(note("a", 0), "known"))
	batch := []tidings.Event{
		withKey(note("a", 1), "k"), note("a", 2), withKey(note("a", 3), "known"),
		withKey(note("a", 4), "l"), withKey(note("a", 5), "k"), note("a", 6),
	}
	receipts, err := send(ctx, s.log, batch)
	s.must(err)
	all, err := read(ctx, s.log, everything, known[0].ID)
	s.must(err)
	s.report("the batch", history(append(known, all.events...)).accounted([]sending{
		{events: known, receipts: []tidings.Receipt{{ID: known[0].ID}}}, {events: batch, receipts: receipts},
	}))
	again := []string{
		duplicate(receipts[0].ID), "new", duplicate(known[0].ID), duplicate(receipts[3].ID), duplicate(receipts[0].ID), "new",
	}
	if !receipts[4].Duplicate || receipts[4].ID != receipts[0].ID || len(all.events) != 4 {
		s.Errorf("receipts %+v and %d events, want the fifth a duplicate of the first and 4 events", receipts, len(all.events))
	}
	s.wantReceipts(ctx, s.open(), batch, again...)
}

func keyConcurrent(ctx context.Context, s *subject) {
	const callers, keys = 8, 12
	logs := []tidings.Log{s.log, s.open()}
	var sent [callers][]sending
	together(callers, func(c int) {
		for n := 0; n < keys; n += 2 {
			first := (n + c*keys/callers) % keys
			b := sending{events: []tidings.Event{
				withKey(note("a", 100*c+n), fmt.Sprint("k", first)), withKey(note("a", 100*c+n+1), fmt.Sprint("k", (first+1)%keys)),
			}}
			b.receipts, b.err = send(ctx, logs[c%len(logs)], b.events)
			sent[c] = append(sent[c], b)
		}
	})
	all, err := read(ctx, s.log, everything, tidings.ID{})
	s.must(err)
	if len(all.events) != keys {
		s.Errorf("%d events for %d keys", len(all.events), keys)
	}
	for c := range sent {
		for _, b := range sent[c] {
			s.must(b.err)
		}
	}
	s.report("the log", history(all.events).accounted(slices.Concat(sent[:]...)))
}

func keyOfOwner(ctx context.Context, s *subject) {
	pairs := [][2]string{
		{"a", "k"}, {"b", "k"}, {"", "k"}, {"A", "k"}, {"a", "K"}, {"a", "b:k"}, {"a:b", "k"}, {"a b", "k"}, {"a", "b k"},
		{"a.b", "k"}, {"a", "b.k"}, {"a/b", "k"}, {"a", "b/k"}, {"", "ak"}, {"ak", ""}, {"a", "é"}, {"a", "e\u0301"},
	}
	var events []tidings.Event
	for i, p := range pairs {
		events = append(events, withKey(note(p[0], i), p[1]))
	}
	want := s.keep(ctx, s.log, events[:8]...)
	for _, e := range events[8:] {
		want = append(want, s.keep(ctx, s.log, e)...)
	}
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
}

func noKey(ctx context.Context, s *subject) {
	want := s.keep(ctx, s.log, note("a", 0), note("a", 0))
	want = append(want, s.keep(ctx, s.open(), note("a", 0))...)
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
}

func keyExpires(ctx context.Context, s *subject) {
	e := withKey(note("a", 0), "k")
	want := s.keep(ctx, s.log, e)
	s.wantReceipts(ctx, s.log, []tidings.Event{e}, duplicate(want[0].ID))
	s.passKeyWindow()
	want = append(want, s.keep(ctx, s.log, e)...)
	s.wantReceipts(ctx, s.open(), []tidings.Event{e}, duplicate(want[1].ID))
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
}
