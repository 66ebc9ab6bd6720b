package contexts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/contexts"
)

// What a hub pays to keep an owner's contexts up to date, for each event of the
// recorded runs. Without a type the payload is looked into for it.
func BenchmarkApply(b *testing.B) {
	for _, typed := range []bool{true, false} {
		b.Run(fmt.Sprintf("typed=%t", typed), func(b *testing.B) {
			events := recorded(b)
			for i := range events {
				e := &events[i]
				if p, _ := contexts.Peek(e.Data); typed {
					e.Type = p.Type
				} else {
					e.Type = ""
				}
				e.ID = tidings.NewID(at.Add(time.Duration(i)), uint64(i+1))
			}
			applyAll(b, contexts.NewFold(0), events)
		})
	}
}

// The same where every event makes a context and another has to leave.
func BenchmarkApplyNew(b *testing.B) {
	events := make([]tidings.Event, 20_000)
	for i := range events {
		events[i] = tidings.Event{
			Channel: tidings.AGUI, Session: fmt.Sprintf("019c336b-ed8c-7781-bf2c-%012d", i), Type: "RUN_STARTED",
			Data: []byte(`{"type":"RUN_STARTED","threadId":"t","runId":"6ca600d25b17-1"}`), ID: tidings.NewID(at, 1),
		}
	}
	applyAll(b, contexts.NewFold(10_000), events)
}

func applyAll(b *testing.B, fold *contexts.Fold, events []tidings.Event) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		fold.Apply(&events[i])
		if i++; i == len(events) {
			i = 0
		}
	}
}

// folded returns a fold of n contexts, each with ids seen.
func folded(n int) *contexts.Fold {
	fold := contexts.NewFold(0)
	for i := range 20 * n {
		id := fmt.Sprintf("019c336b-ed8c-7781-bf2c-%012d", i*7919%n)
		e := tidings.Event{ID: tidings.NewID(at.Add(time.Duration(i)*time.Second), 1), Channel: tidings.System, Session: id}
		e.Data = []byte(`{"type":"CONTEXT_UPDATED","name":"A trip to Rome in May"}`)
		fold.Apply(&e)
		e.Channel, e.Data = tidings.AGUI, fmt.Appendf(nil, `{"type":"RUN_STARTED","runId":"%d"}`, i)
		fold.Apply(&e)
		e.Data = fmt.Appendf(nil, `{"type":"TEXT_MESSAGE_START","messageId":"%d"}`, i)
		fold.Apply(&e)
	}
	return fold
}

// What the first frame of a contexts stream costs: with the full rings of ids
// seen that a fold has, and as of a provider who knows only the contexts.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		fold := folded(n)
		b.Run(fmt.Sprintf("seen=true/contexts=%d", n), func(b *testing.B) { appendAll(b, fold.Snapshot) })
		b.Run(fmt.Sprintf("seen=false/contexts=%d", n), func(b *testing.B) {
			appendAll(b, func() *contexts.Snapshot { return contexts.NewSnapshot(fold.Contexts()) })
		})
	}
}

func appendAll(b *testing.B, snapshot func() *contexts.Snapshot) {
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = snapshot().AppendJSON(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

// What it costs who joins.
func BenchmarkJoin(b *testing.B) {
	data, err := folded(1000).Snapshot().AppendJSON(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		contexts.NewFold(0).Apply(&tidings.Event{Channel: tidings.System, Data: data})
	}
}

func BenchmarkCheckpoint(b *testing.B) {
	fold := folded(1000)
	b.ReportAllocs()
	for b.Loop() {
		b.ReportMetric(float64(len(fold.Checkpoint(0)[0])), "bytes")
	}
}

func BenchmarkRestore(b *testing.B) {
	parts := folded(1000).Checkpoint(0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := contexts.Restore(0, parts...); err != nil {
			b.Fatal(err)
		}
	}
}
