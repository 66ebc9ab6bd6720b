package sse_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tidings-dev/tidings/sse"
)

// countingReader counts the bytes that were taken from it.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// An event must not wait for bytes after its last one: not for the LF of a
// CRLF, and not for a buffer to fill.
func TestEventIsYieldedWithItsLastByte(t *testing.T) {
	for _, v := range readVectors(t) {
		if v.opts.MaxEvent > 0 {
			continue
		}
		r := &countingReader{r: iotest.OneByteReader(bytes.NewReader(v.in))}
		yielded := 0
		for range sse.NewDecoder(r, &v.opts).Events() {
			yielded++
			before := strings.Count(reference(v.in[:r.n-1], v.opts), "\n")
			after := strings.Count(reference(v.in[:r.n], v.opts), "\n")
			if before != yielded-1 || after != yielded {
				t.Errorf("%s: event %d was yielded after %d bytes, which is not where it ends", v.name, yielded, r.n)
			}
		}
	}
}

// All events of one read are yielded before the reader is asked again.
func TestDecoderReadsNothingAhead(t *testing.T) {
	asked := 0
	r := readFunc(func(p []byte) (int, error) {
		asked++
		return copy(p, "data: a\n\ndata: b\r\r"), nil
	})
	d := sse.NewDecoder(r, nil)
	if asked != 0 {
		t.Errorf("NewDecoder read from its reader")
	}
	yielded := 0
	for range d.Events() {
		yielded++
		if want := (yielded + 1) / 2; asked != want {
			t.Fatalf("event %d took %d reads, want %d", yielded, asked, want)
		}
		if yielded == 6 {
			break
		}
	}
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestLeftLoopIsContinued(t *testing.T) {
	d := sse.NewDecoder(strings.NewReader("data: a\n\ndata: b\n\ndata: c\n\n"), nil)
	var got []string
	for range 5 {
		for e, err := range d.Events() {
			got = append(got, string(e.Data))
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if s := strings.Join(got, " "); s != "a b c" {
		t.Errorf("got %q, want a b c", s)
	}
}

func TestReadErrorComesAfterItsBytesAndStays(t *testing.T) {
	broken := errors.New("cable cut")
	r := io.MultiReader(strings.NewReader("id: 1\ndata: a\n\nid: 2\ndata: b"), iotest.ErrReader(broken))
	d := sse.NewDecoder(iotest.DataErrReader(r), nil)
	var events, failures int
	for range 3 {
		for _, err := range d.Events() {
			if err == nil {
				events++
			} else if errors.Is(err, broken) && err.Error() == "read event stream: cable cut" {
				failures++
			}
		}
	}
	if events != 1 || failures != 3 {
		t.Errorf("got %d events and %d errors, want 1 and 3", events, failures)
	}
	if got := d.LastEventID(); got != "1" {
		t.Errorf("position %q, want 1", got)
	}
}

func TestCutConnectionIsAnError(t *testing.T) {
	r := io.MultiReader(strings.NewReader("data: a\n\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
	got := trace(r, nil)
	want := "message \"a\"\nend error=\"read event stream: unexpected EOF\""
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReaderWithoutProgressIsGivenUp(t *testing.T) {
	idle := readFunc(func([]byte) (int, error) { return 0, nil })
	for _, err := range sse.NewDecoder(idle, nil).Events() {
		if !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("got %v, want io.ErrNoProgress", err)
		}
	}
}

func TestReceiverOwnsData(t *testing.T) {
	d := sse.NewDecoder(strings.NewReader("data: first\n\n: note\n\ndata: other\n\n"), &sse.Options{Comments: true})
	var kept []sse.Event
	for e := range d.Events() {
		kept = append(kept, e)
		e.Data = append(e.Data, "!!!"...)
		e.Data[0] = 'X'
	}
	want := "Xirst Xote Xther"
	if got := string(kept[0].Data) + " " + string(kept[1].Data) + " " + string(kept[2].Data); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOptionsAreCopied(t *testing.T) {
	opts := &sse.Options{LastEventID: "1"}
	d := sse.NewDecoder(strings.NewReader("data: a\n\n: c\n\n"), opts)
	opts.Comments, opts.MaxEvent, opts.LastEventID = true, 1, "2"
	for e, err := range d.Events() {
		if got := eventLine(e); err != nil || got != `message "a" id="1"` {
			t.Errorf("got %s, %v", got, err)
		}
	}
}
