package sse_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/sse"
)

// A bufio.Scanner stops at 64 KiB. Lengths around the buffer's growth are where
// a decoder of its own could fail.
func TestLinesOfAnyLengthUpToTheLimit(t *testing.T) {
	for _, n := range []int{4089, 4090, 4091, 8192, 64 << 10, 64<<10 + 1, 5 << 20} {
		want := strings.Repeat("x", n)
		stream := "data: " + want + "\n\ndata: " + want + "\r\r\ndata: short\n\n"
		var got []string
		for e, err := range sse.NewDecoder(strings.NewReader(stream), nil).Events() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(e.Data))
		}
		if len(got) != 3 || got[0] != want || got[1] != want || got[2] != "short" {
			t.Errorf("%d bytes of data did not come through", n)
		}
	}
}

func TestDefaultLimitHolds(t *testing.T) {
	for _, opts := range []*sse.Options{nil, {}, {MaxEvent: -1}} {
		endless := &countingReader{r: readFunc(func(p []byte) (int, error) { return copy(p, "data"), nil })}
		err := firstError(sse.NewDecoder(endless, opts))
		tooLarge, ok := errors.AsType[*sse.TooLargeError](err)
		if !ok || tooLarge.Limit != sse.DefaultMaxEvent || tooLarge.What != "line" {
			t.Errorf("got %v, want a *TooLargeError of the default limit", err)
		}
		if endless.n > sse.DefaultMaxEvent+8<<10 {
			t.Errorf("read %d bytes before refusing", endless.n)
		}
	}
}

// Lines that are each small must not add up to more than the limit.
func TestEndlessEventIsRefused(t *testing.T) {
	endless := readFunc(func(p []byte) (int, error) { return copy(p, "data\ndata:x\n"), nil })
	d := sse.NewDecoder(endless, &sse.Options{MaxEvent: 1 << 16})
	for range 2 {
		tooLarge, ok := errors.AsType[*sse.TooLargeError](firstError(d))
		if !ok || tooLarge.Limit != 1<<16 || tooLarge.What != "data" {
			t.Errorf("got %v, want a *TooLargeError, again and again", tooLarge)
		}
	}
}

// A stream of nothing but comments and blank lines goes on for ever.
func TestKeepAlivesDoNotAddUp(t *testing.T) {
	stream := strings.Repeat(": keep-alive\n\n\r\nretry: 5\nevent: x\nid: 1\n", 1<<12)
	if got, want := trace(strings.NewReader(stream), &sse.Options{MaxEvent: 16}), `end id="1" retry=5ms`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// After a long line the buffer is large. This takes a tenth of a second, and
// more than twenty if every short line is looked for in all of it.
func TestManyShortLinesInALargeBuffer(t *testing.T) {
	const size = 2 << 20
	stream := "data: " + strings.Repeat("x", size) + "\n\n" + strings.Repeat("\r", size) + "data: end\r\r"
	begun := time.Now()
	if got := strings.Count(trace(strings.NewReader(stream), nil), "message"); got != 2 {
		t.Errorf("got %d messages, want 2", got)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

// Broken text grows to three times its size; the limit holds for what it
// becomes.
func TestLimitCountsReplacements(t *testing.T) {
	stream := append([]byte("data:"), bytes.Repeat([]byte{0xff}, 10)...)
	stream = append(stream, "\n\n"...)
	if err := firstError(sse.NewDecoder(bytes.NewReader(stream), &sse.Options{MaxEvent: 30})); err != nil {
		t.Errorf("got %v at the limit", err)
	}
	if err := firstError(sse.NewDecoder(bytes.NewReader(stream), &sse.Options{MaxEvent: 29})); err == nil {
		t.Error("no error over the limit")
	}
}

// firstError returns the error that ends a decoder, or nil.
func firstError(d *sse.Decoder) error {
	for _, err := range d.Events() {
		if err != nil {
			return err
		}
	}
	return nil
}

// The position is what a client resumes after: nothing but an id field of a
// complete block may set it.
func TestHostileFieldsDoNotMoveThePosition(t *testing.T) {
	for _, stream := range []string{
		"data: id: 2\n\n", ":id: 2\n\n", "data: \u2028id: 2\n\n", "data: \x85id: 2\n\n",
		"data: \v\fid: 2\n\n", "id : 2\n\n", "\x00id: 2\n\n", "id\x00: 2\n\n", "id: 2\x00\n\n", "ID: 2\n\n",
		"data: a\n\nid: 2", "data: a\n\nid: 2\n", "\xef\xbb\xbf\xef\xbb\xbfid: 2\n\n",
	} {
		d := sse.NewDecoder(strings.NewReader(stream), &sse.Options{LastEventID: "1"})
		if err := firstError(d); err != nil || d.LastEventID() != "1" {
			t.Errorf("%q moved the position to %q (%v)", stream, d.LastEventID(), err)
		}
	}
}
