package load

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A response is the head of an answer.
type response struct {
	status  int
	length  int // of the body, -1 if the header does not say
	chunked bool
	size    int // of the head itself
}

// mostHead bounds how long a head may be.
const mostHead = 16 << 10

// readResponse reads a head from the start of p; ok is false if it is not whole
// yet.
func readResponse(p []byte) (r response, ok bool, err error) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		if len(p) > mostHead {
			err = fmt.Errorf("the header of an answer is longer than %d bytes", mostHead)
		}
		return r, false, err
	}
	status, fields, _ := strings.Cut(string(p[:end]), "\r\n")
	r = response{length: -1, size: end + 4}
	if _, err := fmt.Sscanf(status, "HTTP/1.1 %d", &r.status); err != nil {
		return r, false, fmt.Errorf("not an answer of HTTP/1.1: %.80q", status)
	}
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "content-length":
			if r.length, err = strconv.Atoi(value); err != nil {
				return r, false, fmt.Errorf("an answer with Content-Length %q", value)
			}
		case "transfer-encoding":
			r.chunked = strings.EqualFold(value, "chunked")
		}
	}
	return r, true, nil
}

// refused returns an error for a status that is no success, with the beginning
// of the body that says why.
func (r *response) refused(body []byte) error {
	if r.status/100 == 2 {
		return nil
	}
	return fmt.Errorf("status %d: %.300s", r.status, bytes.TrimSpace(body))
}

// wholeAnswer returns the size of the answer at the start of p, head and body;
// 0 if it is not whole yet. A status that is no success is an error.
func wholeAnswer(p []byte) (int, error) {
	head, ok, err := readResponse(p)
	if err != nil || !ok {
		return 0, err
	}
	body := p[head.size:]
	switch {
	case head.chunked:
		end := bytes.Index(p, []byte("\r\n0\r\n\r\n"))
		if end < 0 {
			return 0, nil
		}
		return end + len("\r\n0\r\n\r\n"), head.refused(body)
	case head.length < 0 && head.status != 204:
		return 0, fmt.Errorf("an answer of status %d says neither its length nor that it is chunked", head.status)
	case len(body) < head.length:
		return 0, nil
	}
	return head.size + max(head.length, 0), head.refused(body)
}
