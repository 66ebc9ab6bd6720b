package agui_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/agui"
)

const content = `{"type":"TEXT_MESSAGE_CONTENT","messageId":"b3c73564-28a4-4a59-b3f4-6ca600d25b17","delta":"Hello, I am an assistant","timestamp":1770000000000}`

// runStarted returns a RUN_STARTED of about 3 KB that repeats its input: n
// messages of the same length.
func runStarted(n int) string {
	message := `{"id":"b3c73564","role":"user","content":"` + strings.Repeat("lorem ipsum ", (2700/n-45)/12) + `"}`
	return `{"type":"RUN_STARTED","threadId":"b3c73564-28a4-4a59-b3f4-6ca600d25b17","runId":"6ca600d25b17-1",` +
		`"input":{"threadId":"t","runId":"r","messages":[` + strings.Repeat(message+",", n-1) + message + `]}}`
}

// What a hub pays for each event besides checking that it is JSON. Time goes
// with the number of strings and brackets, not with their length.
func BenchmarkPeek(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"content", content}, {"started/messages=4", runStarted(4)}, {"started/messages=27", runStarted(27)},
	} {
		data := []byte(bb.in)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := agui.Peek(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The same by encoding/json, for comparison.
func BenchmarkPeekStruct(b *testing.B) {
	data := []byte(content)
	b.ReportAllocs()
	for b.Loop() {
		var p struct{ Type, ThreadID, RunID string }
		if err := json.Unmarshal(data, &p); err != nil {
			b.Fatal(err)
		}
	}
}

// What an agent pays for each token it emits, the event and its bytes.
func BenchmarkEncode(b *testing.B) {
	stamped := agui.NewTextMessageContent("b3c73564-28a4-4a59-b3f4-6ca600d25b17", " assistant")
	stamped.Timestamp, stamped.SubagentRunID = at, "s1"
	for _, bb := range []struct {
		name string
		e    agui.Event
	}{
		{"content", agui.NewTextMessageContent("b3c73564-28a4-4a59-b3f4-6ca600d25b17", " assistant")},
		{"content/stamped", stamped},
		{"delta", agui.NewStateDelta(agui.Replace("/step", 2))},
		{"snapshot", agui.NewMessagesSnapshot(messages()...)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bb.e.MarshalJSON(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The same into a buffer that is used again, and with the event made anew.
func BenchmarkAppend(b *testing.B) {
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = agui.NewTextMessageContent("b3c73564-28a4-4a59-b3f4-6ca600d25b17", " assistant").AppendJSON(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// The same by encoding/json, for comparison.
func BenchmarkEncodeStruct(b *testing.B) {
	type event struct {
		Type      string `json:"type"`
		MessageID string `json:"messageId"`
		Delta     string `json:"delta"`
	}
	e := &event{agui.TextMessageContent, "b3c73564-28a4-4a59-b3f4-6ca600d25b17", " assistant"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"content", content}, {"started/messages=27", runStarted(27)},
	} {
		data := []byte(bb.in)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := agui.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const (
	benchThread  = "6ca600d25b17-1"
	benchMessage = "b3c73564-28a4-4a59-b3f4-6ca600d25b17"
	benchDelta   = "Here is a sentence of the length that models like to stream"
)

// BenchmarkBroadcast compares what an agent pays for a token with what the hub
// costs anyway: "bytes" is Publish of what "typed" encodes, "made" makes the
// event as well.
func BenchmarkBroadcast(b *testing.B) {
	for _, name := range []string{"bytes", "typed", "made"} {
		b.Run(name, func(b *testing.B) {
			broadcast := broadcasts(b)[name]
			b.ReportAllocs()
			for b.Loop() {
				broadcast()
			}
		})
	}
}

// BenchmarkBroadcastExtra is the difference of the same: runs of both take
// turns, and extra-ns is the median of what the typed ones take longer. So it
// can be measured on a machine that has other things to do.
func BenchmarkBroadcastExtra(b *testing.B) {
	const run = 50
	for _, name := range []string{"typed", "made"} {
		b.Run(name, func(b *testing.B) {
			all := broadcasts(b)
			var extra []time.Duration
			for b.Loop() {
				extra = append(extra, duration(run, all[name])-duration(run, all["bytes"]))
			}
			slices.Sort(extra)
			b.ReportMetric(float64(extra[len(extra)/2].Nanoseconds())/run, "extra-ns/op")
		})
	}
}

// duration returns how long n calls of f take.
func duration(n int, f func()) time.Duration {
	began := time.Now()
	for range n {
		f()
	}
	return time.Since(began)
}

// broadcasts returns what publishes a token on a hub of its own, by name.
func broadcasts(b *testing.B) map[string]func() {
	hub, err := tidings.New(b.Context(), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { hub.Close() })
	thread := agui.NewBroadcaster(hub).In(benchThread)
	e := agui.NewTextMessageContent(benchMessage, benchDelta)
	plain, err := thread.Event("alice", e)
	if err != nil {
		b.Fatal(err)
	}
	ok := func(_ tidings.Receipt, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	ctx := context.Background()
	return map[string]func(){
		"bytes": func() { ok(hub.Publish(ctx, plain)) },
		"typed": func() { ok(thread.Broadcast(ctx, "alice", e)) },
		"made": func() {
			ok(thread.Broadcast(ctx, "alice", agui.NewTextMessageContent(benchMessage, benchDelta)))
		},
	}
}
