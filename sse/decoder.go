package sse

import (
	"bytes"
	"io"
	"iter"
	"math"
	"time"
)

// DefaultMaxEvent is the limit of a Decoder whose Options set none: 16 MiB.
const DefaultMaxEvent = 16 << 20

// Options are the settings of a Decoder. The zero Options, and nil, yield
// exactly what the standard dispatches.
type Options struct {
	// MaxEvent bounds, in bytes, each line of the stream and the data of each
	// event. Zero or less is DefaultMaxEvent. The Decoder's buffer starts with
	// 4 KiB, grows to twice the longest line and stays so.
	MaxEvent int

	// LastEventID is the position that this stream was asked to resume after.
	// It is in force until the stream sets another, as it is in browsers, so
	// that a stream cut before its first id does not lose the position.
	LastEventID string

	// Positions yields id-only frames, as events of Kind Position. Without it
	// they only change what LastEventID returns.
	Positions bool

	// Comments yields comments, as events of Kind Comment, each as soon as its
	// line has ended, be it inside another event. As in a field, one space
	// after the colon is not part of the text. The event's ID is the position
	// in force.
	Comments bool
}

// A Decoder reads an event stream (WHATWG HTML 9.2.5 and 9.2.6). It must not
// be used concurrently.
type Decoder struct {
	lines lineReader
	opts  Options
	err   error // what ended the stream
	begun bool  // the first line was read

	// The names are the standard's.
	lastID   string        // last event ID string
	idBuffer string        // last event ID buffer
	name     string        // event type buffer
	data     []byte        // data buffer, without the final LF
	retry    time.Duration // reconnection time

	hasID    bool   // since the last blank line there was an id
	hasData  bool   // and data, perhaps empty
	hasRetry bool   // ever
	lastName string // the last name that was not empty, to allocate it once
}

// NewDecoder returns a Decoder of the stream r, which it reads only as events
// are asked for. Nil options are the zero Options. To give up on a Read that
// waits, close what r reads from.
func NewDecoder(r io.Reader, opts *Options) *Decoder {
	d := new(Decoder)
	if opts != nil {
		d.opts = *opts
	}
	if d.opts.MaxEvent <= 0 {
		d.opts.MaxEvent = DefaultMaxEvent
	}
	d.lines = lineReader{r: r, max: d.opts.MaxEvent}
	d.lastID, d.idBuffer = d.opts.LastEventID, d.opts.LastEventID
	return d
}

// Events yields the events of the stream as they arrive. It ends without an
// error at the end of the stream, where an incomplete event is discarded, and
// otherwise with one error: a *TooLargeError, or the reader's, wrapped.
//
// A loop that was left can be continued with another call of Events; after the
// end it yields nothing, after an error that error again.
func (d *Decoder) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := d.next()
			if err == io.EOF || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// LastEventID returns the position to resume after: the last event ID as of
// the last complete event or id-only frame, the one from the Options before
// any. Empty means that there is none, or that the stream took it back.
func (d *Decoder) LastEventID() string { return d.lastID }

// Retry returns the reconnection time the stream asked for last, and whether
// it asked for any. It may be zero and it may be absurd: at most the longest
// [time.Duration] in milliseconds, which stands for everything longer too.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.hasRetry }

// next returns the next event, or what ended the stream.
func (d *Decoder) next() (Event, error) {
	for d.err == nil {
		line, err := d.lines.next()
		if err != nil {
			d.err = err
			break
		}
		if e, ok := d.interpret(d.withoutBOM(line)); ok {
			return e, nil
		}
	}
	return Event{}, d.err
}

// withoutBOM drops one byte order mark at the start of the first line.
func (d *Decoder) withoutBOM(line []byte) []byte {
	if d.begun {
		return line
	}
	d.begun = true
	return bytes.TrimPrefix(line, []byte("\ufeff"))
}

// interpret does what the standard says of a line, and returns the event that
// the line completed, if it did.
func (d *Decoder) interpret(line []byte) (Event, bool) {
	if len(line) == 0 {
		return d.dispatch()
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "": // the line begins with the colon
		return d.comment(value)
	case "data":
		d.addData(value)
	case "event":
		d.setName(value)
	case "id":
		d.setID(value)
	case "retry":
		d.setRetry(value)
	}
	return Event{}, false
}

// dispatch ends the block at a blank line.
func (d *Decoder) dispatch() (Event, bool) {
	d.lastID = d.idBuffer
	e := Event{ID: d.lastID, HasID: d.hasID, Name: d.name, Data: d.data}
	hasData := d.hasData
	d.name, d.data, d.hasData, d.hasID = "", nil, false, false
	if hasData {
		return e, true
	}
	return Event{Kind: Position, ID: e.ID, HasID: true}, e.HasID && d.opts.Positions
}

// comment returns a comment, if they are wanted.
func (d *Decoder) comment(value []byte) (Event, bool) {
	if !d.opts.Comments {
		return Event{}, false
	}
	return Event{Kind: Comment, ID: d.lastID, Data: appendText(nil, value)}, true
}

// addData adds a line to the event's data.
func (d *Decoder) addData(value []byte) {
	if d.hasData {
		d.data = append(d.data, '\n')
	}
	d.hasData = true
	d.data = appendText(d.data, value)
	if len(d.data) > d.opts.MaxEvent {
		d.err = &TooLargeError{What: "data", Limit: d.opts.MaxEvent}
	}
}

// setName sets the event's name. Most streams repeat a few, so the last one is
// kept to be used again.
func (d *Decoder) setName(value []byte) {
	if string(value) != d.lastName {
		d.lastName = text(value)
	}
	d.name = d.lastName
}

// setID sets the position, which takes effect at the next blank line. The
// standard ignores an id with a NUL.
func (d *Decoder) setID(value []byte) {
	if bytes.IndexByte(value, 0) < 0 {
		d.idBuffer, d.hasID = text(value), true
	}
}

// setRetry sets the reconnection time at once, if value is made of digits.
func (d *Decoder) setRetry(value []byte) {
	if ms, ok := parseMillis(value); ok {
		d.retry, d.hasRetry = time.Duration(ms)*time.Millisecond, true
	}
}

// parseMillis reads ASCII digits. No digits are no number: browsers ignore an
// empty retry, and the web platform tests say so.
func parseMillis(value []byte) (ms int64, ok bool) {
	const most = math.MaxInt64 / int64(time.Millisecond)
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		ms = min(ms*10+int64(c-'0'), most) // most*10+9 does not overflow
	}
	return ms, len(value) > 0
}
