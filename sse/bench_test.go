package sse_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/sse"
)

// sizes are those of a token delta, a tool result and a state snapshot.
var sizes = []int{150, 1 << 10, 64 << 10}

// benchEvent returns an event as Tidings sends it: an id and a line of JSON.
func benchEvent(size int) sse.Event {
	data := `{"type":"TEXT_MESSAGE_CONTENT","delta":"` + strings.Repeat("x", size) + `"}`
	return sse.Event{ID: "1763672400000000000-42", Data: []byte(data[:size-2] + `"}`)}
}

// BenchmarkDecode is the cost of one event to a client that reads from memory
// whatever has arrived.
func BenchmarkDecode(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			frame, err := sse.AppendEvent(nil, benchEvent(size))
			if err != nil {
				b.Fatal(err)
			}
			benchDecode(b, frame)
		})
	}
}

// BenchmarkDecodeLines is the same with a kilobyte of text in 32 lines.
func BenchmarkDecodeLines(b *testing.B) {
	text := strings.Repeat(strings.Repeat("x", 31)+"\n", 32)
	frame, err := sse.AppendEvent(nil, sse.Event{ID: "1", Name: "note", Data: []byte(text)})
	if err != nil {
		b.Fatal(err)
	}
	benchDecode(b, frame)
}

// benchDecode reads the frame again and again from one endless stream.
func benchDecode(b *testing.B, frame []byte) {
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	d := sse.NewDecoder(&repeat{frame: bytes.Repeat(frame, 1+1<<16/len(frame))}, nil)
	for b.Loop() {
		for _, err := range d.Events() {
			if err != nil {
				b.Fatal(err)
			}
			break
		}
	}
}

// repeat is an endless stream of the same bytes.
type repeat struct {
	frame []byte
	at    int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.frame[r.at:])
	r.at = (r.at + n) % len(r.frame)
	return n, nil
}

// BenchmarkEncode is the cost of one event to a publisher that writes it to one
// subscriber; a window of Tidings encodes once for all.
func BenchmarkEncode(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e := benchEvent(size)
			buf, err := sse.AppendEvent(nil, e)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = sse.AppendEvent(buf[:0], e)
			}
		})
	}
}

// BenchmarkComment is a keep-alive.
func BenchmarkComment(b *testing.B) {
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		buf = sse.AppendComment(buf[:0], "keep-alive")
	}
	_, _ = io.Discard.Write(buf)
}
