package load

import (
	"bytes"
	"strconv"
)

// What is published is an AG-UI event of type CUSTOM, which every channel
// takes:
//
//	{"type":"CUSTOM","name":"bench","value":{"at":1795254906362198946,"n":1000000007,"pad":"…"}}
//
// The time and the number have always as many digits, so all payloads of a run
// have one length.
const (
	payloadHead = `{"type":"CUSTOM","name":"bench","value":{`
	payloadAt   = `"at":`
	payloadN    = `,"n":`
	payloadPad  = `,"pad":"`
	payloadTail = `"}}`

	atDigits = 19
	nDigits  = 10
	firstN   = 1_000_000_000 // so that a number has all its digits

	leastPayload = len(payloadHead) + len(payloadAt) + atDigits + len(payloadN) + nDigits + len(payloadPad) + len(payloadTail)
)

// An event is what is read of a frame.
type event struct {
	number int   // counts all events of a run
	at     int64 // when it was meant to be sent, in Unix nanoseconds
	id     position
}

// appendPayload appends a payload of a size, which is at least leastPayload.
func appendPayload(dst []byte, at int64, number, size int) []byte {
	end := len(dst) + size
	dst = append(dst, payloadHead+payloadAt...)
	dst = strconv.AppendInt(dst, at, 10)
	dst = append(dst, payloadN...)
	dst = strconv.AppendInt(dst, int64(firstN+number), 10)
	dst = append(dst, payloadPad...)
	for len(dst) < end-len(payloadTail) {
		dst = append(dst, 'x')
	}
	return append(dst, payloadTail...)
}

// readPayload finds time and number in a frame, wherever the payload stands.
func readPayload(frame []byte) (e event, ok bool) {
	_, after, ok0 := bytes.Cut(frame, []byte(payloadAt))
	if !ok0 {
		return e, false
	}
	rest := after
	if len(rest) < atDigits+len(payloadN)+nDigits || string(rest[atDigits:atDigits+len(payloadN)]) != payloadN {
		return e, false
	}
	at, okAt := digits(rest[:atDigits])
	n, okN := digits(rest[atDigits+len(payloadN):][:nDigits])
	return event{number: int(n) - firstN, at: int64(at)}, okAt && okN
}

// digits reads a number that is all of text.
func digits(text []byte) (n uint64, ok bool) {
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, len(text) > 0
}

// A position is the id of an event, as far as order goes.
type position struct{ major, minor uint64 }

// before reports whether p comes before other.
func (p position) before(other position) bool {
	return p.major < other.major || p.major == other.major && p.minor < other.minor
}

// readPosition reads an id. Of "<stamp>-<seq>", as Tidings writes it, the seq
// alone gives the order; of "<time>:<tag>", as nchan does, both do; anything
// else is one number.
func readPosition(id []byte) (position, bool) {
	if i := bytes.LastIndexByte(id, '-'); i >= 0 {
		n, ok := digits(id[i+1:])
		return position{minor: n}, ok
	}
	if before, after, ok := bytes.Cut(id, []byte{':'}); ok {
		major, ok := digits(before)
		minor, okMinor := digits(after)
		return position{major, minor}, ok && okMinor
	}
	n, ok := digits(id)
	return position{minor: n}, ok
}
