package contexts

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/jsontext"
)

// A writer writes an object as JSON, member by member, and keeps the first
// fault.
type writer struct {
	out    []byte
	object string // what errors call the object
	err    *InvalidError
}

// begin begins an event: its type and its time, which is now if at is zero.
func begin(dst []byte, eventType string, at time.Time) writer {
	w := writer{out: dst, object: eventType}
	if w.out == nil {
		w.out = make([]byte, 0, 160)
	}
	if at.IsZero() {
		at = time.Now()
	}
	w.out = append(append(append(w.out, `{"type":"`...), eventType...), '"')
	w.time("timestamp", at)
	return w
}

// end ends an event. dst is what begin was given.
func (w *writer) end(dst []byte) ([]byte, error) {
	w.out = append(w.out, '}')
	return w.result(dst)
}

// result returns what was written, or dst and the first fault.
func (w *writer) result(dst []byte) ([]byte, error) {
	if w.err != nil {
		return dst, w.err
	}
	return w.out, nil
}

// fail keeps a fault of a member, if it is the first.
func (w *writer) fail(field, problem string, cause error) {
	if w.err == nil {
		w.err = &InvalidError{Object: w.object, Field: field, Problem: problem, Err: cause}
	}
}

// id is a string that names something.
func (w *writer) id(field, id string) {
	if problem, err := checkID(id); problem != "" {
		w.fail(field, problem, err)
	}
	w.key(field)
	w.out = jsontext.AppendString(w.out, id)
}

// text is a string for people.
func (w *writer) text(field, s string) {
	if len(s) > nameLimit {
		w.fail(field, fmt.Sprintf("has %d bytes, want at most %d", len(s), nameLimit), nil)
	}
	w.key(field)
	w.out = jsontext.AppendString(w.out, s)
}

// seen is what a context says was seen.
func (w *writer) seen(field, s string) {
	if len(s) > seenLimit {
		w.fail(field, fmt.Sprintf("has %d bytes, want what Fold.Snapshot gave", len(s)), nil)
	}
	w.key(field)
	w.out = jsontext.AppendString(w.out, s)
}

// marks are the ids of deleted contexts, left out if there are none.
func (w *writer) marks(field string, ids []string) {
	if len(ids) == 0 {
		return
	}
	if len(ids) > deletedLimit {
		w.fail(field, fmt.Sprintf("has %d ids, want at most %d", len(ids), deletedLimit), nil)
	}
	w.key(field)
	w.out = append(w.out, '[')
	for i, id := range ids {
		if problem, err := checkID(id); problem != "" {
			w.fail(place(field, i), problem, err)
		}
		w.comma()
		w.out = jsontext.AppendString(w.out, id)
	}
	w.out = append(w.out, ']')
}

// time is a time in UTC.
func (w *writer) time(field string, t time.Time) {
	t = t.UTC()
	if !writable(t) {
		w.fail(field, fmt.Sprintf("is in the year %d, want one from 0 to 9999", t.Year()), nil)
	}
	w.key(field)
	w.out = append(t.AppendFormat(append(w.out, '"'), time.RFC3339Nano), '"')
}

// writable reports whether RFC 3339 has t, which is in UTC.
func writable(t time.Time) bool { return 0 <= t.Year() && t.Year() <= 9999 }

// count is a whole number that is not negative.
func (w *writer) count(field string, n int) {
	if n < 0 || n > maxCount {
		w.fail(field, fmt.Sprintf("is %d, want a number from 0 to %d", n, maxCount), nil)
	}
	w.key(field)
	w.out = strconv.AppendInt(w.out, int64(n), 10)
}

// key writes the name of a member, which needs no escapes.
func (w *writer) key(name string) {
	w.comma()
	w.out = append(append(append(w.out, '"'), name...), '"', ':')
}

// comma writes the comma before all but the first member or element.
func (w *writer) comma() {
	if last := w.out[len(w.out)-1]; last != '{' && last != '[' {
		w.out = append(w.out, ',')
	}
}

// checkID returns what is wrong with an id, or "".
func checkID(id string) (string, error) {
	if id == "" {
		return "is empty, want an id", nil
	}
	if err := tidings.CheckName("id", id, idLimit); err != nil {
		return "is no id: " + err.Error(), err
	}
	return "", nil
}

// check returns what keeps data from being JSON as the wire wants it, or "".
func check(data []byte) string {
	switch {
	case !json.Valid(data):
		return "is malformed JSON"
	case !utf8.Valid(data):
		return "is not UTF-8"
	}
	return ""
}
