package load

import (
	"fmt"
	"time"
)

// Inner doors for tests.
var (
	ParseStat    = parseStat
	ParseRSS     = parseRSS
	ParseBusy    = parseBusy
	ParseAllowed = parseAllowed
	Payload      = func(at int64, number, size int) []byte { return appendPayload(nil, at, number, size) }
	LeastPayload = leastPayload
)

// Quantile returns a quantile of durations as reports have it.
func Quantile(q float64, of []time.Duration) time.Duration {
	var h histogram
	for _, d := range of {
		h.add(d, 1)
	}
	return h.quantile(q)
}

// Scan reads a stream that arrives in pieces of a size, and returns what it
// says as text.
func Scan(stream string, chunked bool, piece int) (text string, err error) {
	s := scanner{chunked: chunked}
	for len(stream) > 0 {
		n := min(piece, len(stream))
		events, err := s.scan(nil, []byte(stream[:n]))
		if err != nil {
			return text, err
		}
		for _, e := range events {
			text += fmt.Sprintf("%d at %d, position %d-%d\n", e.number, e.at, e.id.major, e.id.minor)
		}
		stream = stream[n:]
	}
	if s.ended() {
		text += "end\n"
	}
	return text, nil
}
