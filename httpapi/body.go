package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/wire"
)

// overhead is how many bytes a body may have for each event besides its
// payload.
const overhead = 2 << 10

// space is what JSON has around a value and does not count to it.
const space = " \t\r\n"

// A body is the JSON values that a request holds, as the bytes that they are.
type body struct {
	items [][]byte
	lines []int // where the items stand, if the body is NDJSON
	one   bool  // the body is one JSON value
}

// readBody reads a request's body, whole. A client may send it so slowly that the
// access by which the request began is over.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, a *Access) (*body, error) {
	ndjson, err := mediaType(r.Header)
	if err != nil {
		return nil, err
	}
	data, err := h.readData(w, r)
	if err == nil {
		err = h.current(r.Context(), a)
	}
	if err != nil {
		return nil, err
	}
	if ndjson {
		return splitLines(data, h.hub.Limits().Batch), nil
	}
	return &body{items: [][]byte{bytes.Trim(data, space)}, one: true}, nil
}

// readData reads the bytes of a body.
func (h *Handler) readData(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limits := h.hub.Limits()
	most := int64(limits.BatchBytes + limits.Batch*overhead)
	switch n := r.ContentLength; {
	case n > most: // nothing of it needs to be read
		return nil, &http.MaxBytesError{Limit: most}
	case n > 0 && n <= chunk:
		return h.readExactly(w, r, n)
	}
	return readAll(http.MaxBytesReader(w, &timedBody{ReadCloser: r.Body, h: h, w: w}, most))
}

// readAll reads everything.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(r)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, large
	}
	if err != nil {
		return nil, errIncomplete()
	}
	return data, nil
}

// readExactly reads a body of n bytes, at most a chunk.
func (h *Handler) readExactly(w http.ResponseWriter, r *http.Request, n int64) ([]byte, error) {
	data := make([]byte, n)
	h.await(w)
	if _, err := io.ReadFull(r.Body, data); err != nil {
		return nil, errIncomplete()
	}
	h.awaitNothing(w)
	return data, nil
}

// errIncomplete refuses a body that does not come.
func errIncomplete() error {
	return refusal(wire.Invalid, "the body ends early or comes too slowly")
}

// mediaType reports whether a body is NDJSON, and refuses what is neither that
// nor JSON. A page cannot send these without asking first, which keeps those
// of other sites out (Fetch, CORS-safelisted content types).
func mediaType(header http.Header) (ndjson bool, err error) {
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return false, refusal(wire.UnsupportedMedia, "Content-Encoding is %q: want none", shorten(coding))
	}
	given := header.Values("Content-Type")
	if len(given) == 1 && (given[0] == wire.JSONType || given[0] == wire.NDJSONType) { // as it usually is
		return given[0] == wire.NDJSONType, nil
	}
	kind, params, err := mime.ParseMediaType(strings.Join(given, ","))
	charset := params["charset"]
	if err != nil || kind != wire.JSONType && kind != wire.NDJSONType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false, refusal(wire.UnsupportedMedia, "Content-Type is %q: want %s or %s, in UTF-8", shorten(strings.Join(given, ", ")), wire.JSONType, wire.NDJSONType)
	}
	return kind == wire.NDJSONType, nil
}

// splitLines returns the lines of NDJSON. Blank ones do not count. More than
// most+1 are not looked at: that many are refused already.
func splitLines(data []byte, most int) *body {
	b := new(body)
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line = bytes.Trim(line, space); len(line) == 0 {
			continue
		}
		if b.items, b.lines = append(b.items, line), append(b.lines, number); len(b.items) > most {
			break
		}
	}
	return b
}

// A lineError says in which line of NDJSON an event was refused.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }

// Unwrap returns the reason.
func (e *lineError) Unwrap() error { return e.err }

// at returns an error that says which item of the body it concerns.
func (b *body) at(i int, err error) error {
	if b.one && len(b.items) == 1 {
		return err
	}
	return b.located(&tidings.BatchError{Index: i, Err: err})
}

// located adds the line to an error of the hub.
func (b *body) located(err error) error {
	batch, ok := errors.AsType[*tidings.BatchError](err)
	if !ok || batch.Index >= len(b.lines) {
		return err
	}
	return &lineError{b.lines[batch.Index], batch}
}
