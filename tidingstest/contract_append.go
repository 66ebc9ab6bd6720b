package tidingstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
)

var appendFacts = []fact{
	{"ReceiptsAreWhereReadFindsTheEvents", receiptsMatch},
	{"AppendLeavesItsInputAlone", inputAlone},
	{"EveryFieldComesBack", fieldsComeBack},
	{"NamesAreNotPatterns", namesAreNotPatterns},
	{"PayloadsComeBackVerbatim", payloadsVerbatim},
	{"TheLargestBatchIsKeptInOrder", largestBatch},
	{"AnEmptyBatchChangesNothing", emptyBatch},
	{"ConcurrentAppendersShareOneOrder", oneOrder},
}

var midwayFacts = []fact{
	{"ABatchThatFailsMidwayIsKeptWholeOrNotAtAll", midway},
}

func receiptsMatch(ctx context.Context, s *subject) {
	logs := []tidings.Log{s.log, s.open()}
	var want []tidings.Event
	for n := range 12 {
		want = append(want, s.keep(ctx, logs[n%2], notes(n%5+1, "a", "b")...)...)
	}
	for _, l := range append(logs, s.open()) {
		s.wantRead(ctx, l, everything, tidings.ID{}, want)
	}
}

func inputAlone(ctx context.Context, s *subject) {
	stray := tidings.NewID(time.Unix(1, 0), 999)
	input := append(notes(3, "a"), note("spare", 3))
	input[0].ID, input[1].Key = stray, "k"
	before := slices.Clone(input)
	receipts, err := send(ctx, s.log, input[:3])
	s.must(err)
	s.report("the input after Append", same(input, before))

	want := slices.Clone(before[:3])
	for i := range want {
		want[i].ID, input[i] = receipts[i].ID, note("overwritten", i)
	}
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
}

func fieldsComeBack(ctx context.Context, s *subject) {
	full := tidings.Event{
		Key: "key", User: "user", Channel: "notes", Session: "session", Type: "type", Data: []byte(`{"a":1}`),
		Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	bare := tidings.Event{Channel: tidings.AGUI, Data: []byte("0")}
	want := s.keep(ctx, s.log, full, bare)
	s.wantRead(ctx, s.open(), everything, tidings.ID{}, want)
	s.wantTail(ctx, s.open(), tidings.ID{}, want)
}

// awkward holds names that mean something to somebody.
var awkward = []string{
	"a", "A", "a.b", "a.*", "*", ">", "a b", "a  b", "%", "_", `'`, `"`, `\`, `\x00`, "'; --", "a/b", "a:b",
	"a,b", "{}", "NULL", "$1", "é", "e\u0301", "猫", "\U0001F408", "a\u00a0b", strings.Repeat("n", 128),
}

func namesAreNotPatterns(ctx context.Context, s *subject) {
	var want []tidings.Event
	for _, name := range awkward {
		want = append(want, s.keep(ctx, s.log, tidings.Event{
			Key: name, User: name, Channel: tidings.System, Session: name, Type: name, Data: []byte("{}"),
		})...)
	}
	s.wantRead(ctx, s.log, everything, tidings.ID{}, want)
	for i, name := range awkward {
		s.wantRead(ctx, s.log, tidings.Selector{User: name}, tidings.ID{}, want[i:i+1])
		s.wantRead(ctx, s.log, tidings.Selector{Everyone: true, Sessions: []string{name}}, tidings.ID{}, want[i:i+1])
		s.wantRead(ctx, s.log, tidings.Selector{Everyone: true, Types: []string{name}}, tidings.ID{}, want[i:i+1])
	}
}

func payloadsVerbatim(ctx context.Context, s *subject) {
	var events []tidings.Event
	for _, data := range []string{
		`{"b":1,"a":2}`, `{"a":1,"a":2}`, ` { "a" :	[ ] } `, `1.0`, `1e2`, `12345678901234567890123.0`, `"\u0041\/"`,
		`"\u0000"`, `"\ud800"`, `"é` + "e\u0301" + `"`, "\"\u2028\"", `"<&>"`, `null`, `""`,
		`"` + strings.Repeat("0123456789abcde ", 1<<16)[:1<<20-2] + `"`,
	} {
		events = append(events, tidings.Event{User: "a", Channel: tidings.System, Data: []byte(data)})
	}
	want := s.keep(ctx, s.log, events...)
	s.wantRead(ctx, s.open(), everything, tidings.ID{}, want)
	s.wantTail(ctx, s.open(), tidings.ID{}, want)
}

func largestBatch(ctx context.Context, s *subject) {
	want := s.keep(ctx, s.log, notes(tidings.DefaultLimits().Batch, "a", "b", "c")...)
	s.wantRead(ctx, s.open(), everything, tidings.ID{}, want)
	s.wantRead(ctx, s.open(), tidings.Selector{User: "b"}, tidings.ID{}, filter(want, tidings.Selector{User: "b"}, tidings.ID{}))
}

func emptyBatch(ctx context.Context, s *subject) {
	want := s.keep(ctx, s.log, note("a", 0))
	_, err := send(ctx, s.log, nil)
	s.must(err)
	s.wantHead(ctx, s.log, last(want).ID)
}

// oneOrder has several callers append through several logs, and looks at the
// place of each batch.
func oneOrder(ctx context.Context, s *subject) {
	const callers, each = 6, 15
	logs := []tidings.Log{s.log, s.open(), s.open()}
	var sent [callers][]sending
	together(callers, func(c int) {
		for n := range each {
			b := sending{events: notes(n%7+1, fmt.Sprint("caller", c), "shared")}
			b.receipts, b.err = send(ctx, logs[c%len(logs)], b.events)
			sent[c] = append(sent[c], b)
		}
	})
	all, err := read(ctx, s.log, everything, tidings.ID{})
	s.must(err)
	for c := range sent {
		s.report(fmt.Sprint("caller ", c), history(all.events).inTurn(sent[c]))
	}
	s.report("the log", history(all.events).accounted(slices.Concat(sent[:]...)))
	for _, l := range logs {
		s.wantRead(ctx, l, everything, tidings.ID{}, all.events)
	}
}

func midway(ctx context.Context, s *subject) {
	want := s.keep(ctx, s.log, note("a", 0))
	s.failMidway()
	b := sending{events: notes(10, "a", "b")}
	b.receipts, b.err = send(ctx, s.log, b.events)
	all, err := read(ctx, s.open(), everything, want[0].ID)
	s.must(err)
	s.report("the batch", history(all.events).accounted([]sending{b}))
	next := s.keep(ctx, s.log, note("a", 1))
	s.wantRead(ctx, s.open(), everything, want[0].ID, append(all.events, next...))
}
