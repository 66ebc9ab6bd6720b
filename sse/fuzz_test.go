package sse_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tidings-dev/tidings/sse"
)

// chunks reads a stream in pieces of the sizes given, over and over.
type chunks struct {
	rest  []byte
	sizes []byte
	n     int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	size := 1
	if len(c.sizes) > 0 {
		size += int(c.sizes[c.n%len(c.sizes)])
		c.n++
	}
	n := copy(p[:min(len(p), size)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Whatever the bytes and however they are cut, the decoder says what the
// reference says.
func FuzzDecoder(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.in, []byte{0, 2})
	}
	f.Fuzz(func(t *testing.T, stream, sizes []byte) {
		for _, opts := range []sse.Options{{}, {Comments: true, Positions: true, LastEventID: "0"}} {
			want := reference(stream, opts)
			if got := trace(bytes.NewReader(stream), &opts); got != want {
				t.Errorf("whole:\n got\n%s\nwant\n%s", got, want)
			}
			if got := trace(&chunks{rest: stream, sizes: sizes}, &opts); got != want {
				t.Errorf("in chunks %v:\n got\n%s\nwant\n%s", sizes, got, want)
			}
		}
	})
}

// A limit strikes at the same byte however the stream is cut, and until then
// changes nothing.
func FuzzLimit(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.in, []byte{1, 3}, byte(10))
	}
	f.Fuzz(func(t *testing.T, stream, sizes []byte, limit byte) {
		opts := sse.Options{MaxEvent: 1 + int(limit), Comments: true, Positions: true}
		whole := trace(bytes.NewReader(stream), &opts)
		if got := trace(&chunks{rest: stream, sizes: sizes}, &opts); got != whole {
			t.Errorf("in chunks %v:\n got\n%s\nwhole\n%s", sizes, got, whole)
		}
		events := whole[:strings.LastIndex("\n"+whole, "\nend")]
		if all := reference(stream, opts); !strings.HasPrefix(all, events) {
			t.Errorf("got\n%s\nwithout limit\n%s", events, all)
		}
	})
}

// What AppendEvent accepts comes back as one event, the same but for line ends,
// between neighbours that notice nothing; what it refuses could not have.
func FuzzRoundTrip(f *testing.F) {
	f.Add("1-2", "n", []byte("{}"))
	f.Add("", "", []byte(" a\r\n\r\n b\n"))
	f.Add("1\n", "n\r", []byte("\n"))
	f.Add(" \x00", ":", []byte("\xff"))
	f.Add("\ufeff", "a\ndata: b", []byte("\ndata: b\n\nid: 3\n\n"))
	f.Fuzz(func(t *testing.T, id, name string, data []byte) {
		stream, _ := sse.AppendEvent(nil, sse.Event{ID: "first", Data: []byte("first")})
		stream, err := sse.AppendEvent(stream, sse.Event{ID: id, HasID: true, Name: name, Data: data})
		if (err == nil) != writable(id, name, data) {
			t.Fatalf("error %v, but writable is %v", err, writable(id, name, data))
		}
		want := `message "first" id="first" new` + "\n"
		if err == nil {
			e := sse.Event{ID: id, HasID: true, Name: name, Data: []byte(lineEnds.Replace(string(data)))}
			want += eventLine(e) + "\n"
		}
		stream, _ = sse.AppendEvent(stream, sse.Event{ID: "last", Data: []byte("last")})
		want += `message "last" id="last" new` + "\n" + `end id="last"`
		checkWire(t, stream, want)
	})
}

// lineEnds turns the line ends that the format does not keep into LF.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// writable says what AppendEvent promises to accept.
func writable(id, name string, data []byte) bool {
	return !strings.ContainsAny(id+name, "\r\n\x00") && strings.Trim(string(data), "\r\n") != "" &&
		utf8.ValidString(id) && utf8.ValidString(name) && utf8.Valid(data)
}

// checkWire decodes the stream with both decoders and looks at the bytes.
func checkWire(t *testing.T, stream []byte, want string) {
	t.Helper()
	opts := sse.Options{Comments: true, Positions: true}
	if got := trace(bytes.NewReader(stream), &opts); got != want {
		t.Errorf("%q:\n got\n%s\nwant\n%s", stream, got, want)
	}
	if got := reference(stream, opts); got != want {
		t.Errorf("%q by the reference:\n got\n%s\nwant\n%s", stream, got, want)
	}
	if bytes.IndexByte(stream, '\r') >= 0 || !utf8.Valid(stream) || !bytes.HasSuffix(stream, []byte("\n\n")) {
		t.Errorf("%q is not UTF-8 with LF line ends that ends in a blank line", stream)
	}
}

// Comments, positions and retries dispatch nothing, whatever their values.
func FuzzInjection(f *testing.F) {
	f.Add("a", int64(0))
	f.Add("\n\ndata: x\n\n", int64(-1))
	f.Add("\r\rid: 7\r\r", int64(1)<<62)
	f.Add("\ufeff", int64(1<<63-1))
	f.Add("\xff\xe2\x82\x00", int64(3e9))
	f.Fuzz(func(t *testing.T, value string, wait int64) {
		stream := sse.AppendComment(nil, value)
		checkComment(t, value, stream)
		stream, _ = sse.AppendID(stream, value)
		stream, _ = sse.AppendEvent(stream, sse.Event{Kind: sse.Comment, Data: []byte(value)})
		stream, _ = sse.AppendEvent(stream, sse.Event{Kind: sse.Position, ID: value})
		stream, _ = sse.AppendID(stream, "1")
		stream = sse.AppendRetry(stream, time.Duration(wait))
		d := sse.NewDecoder(bytes.NewReader(stream), nil)
		for e, err := range d.Events() {
			t.Errorf("%q yields %s, %v", stream, eventLine(e), err)
		}
		if d.LastEventID() != "1" {
			t.Errorf("%q moves the position to %q", stream, d.LastEventID())
		}
		checkRetry(t, d, time.Duration(wait))
	})
}

// checkComment looks for the lines of text, one comment each.
func checkComment(t *testing.T, text string, stream []byte) {
	t.Helper()
	var want strings.Builder
	for line := range strings.SplitSeq(lineEnds.Replace(refUTF8(append([]byte("x"), text...))[1:]), "\n") {
		want.WriteString(eventLine(sse.Event{Kind: sse.Comment, Data: []byte(line)}) + "\n")
	}
	checkWire(t, stream, want.String()+"end")
}

// checkRetry wants the time that was sent, rounded up to milliseconds if there
// are so many.
func checkRetry(t *testing.T, d *sse.Decoder, sent time.Duration) {
	t.Helper()
	got, ok := d.Retry()
	if ok != (sent >= 0) {
		t.Errorf("retry %v was read: %v", sent, ok)
	}
	if off := got - sent; ok && (off >= time.Millisecond || off <= -time.Millisecond || off < 0 && sent < 1<<62) {
		t.Errorf("retry %v came back as %v", sent, got)
	}
}
