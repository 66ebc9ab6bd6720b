package sse_test

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/sse"
)

// reference is the oracle: WHATWG HTML 9.2.5 and 9.2.6 written down sentence by
// sentence, over the whole stream at once and without a thought for speed. It
// returns what trace returns and knows no limits.
func reference(stream []byte, opts sse.Options) string {
	r := refDecoder{opts: opts, lastEventID: opts.LastEventID, lastEventIDBuffer: opts.LastEventID}
	for _, line := range refLines(refUTF8(stream)) {
		r.line(line)
	}
	end := "end" + quoted("id", r.lastEventID)
	if r.reconnection != nil {
		end += fmt.Sprintf(" retry=%v", refDuration(r.reconnection))
	}
	return strings.Join(append(r.out, end), "\n")
}

type refDecoder struct {
	opts sse.Options
	out  []string

	data, eventType, lastEventIDBuffer string
	lastEventID                        string
	reconnection                       *big.Int
	sawID                              bool // not in the standard: for HasID
}

func (r *refDecoder) line(line string) {
	switch {
	case line == "":
		r.dispatch()
	case strings.HasPrefix(line, ":"):
		if r.opts.Comments {
			text := strings.TrimPrefix(line[1:], " ")
			r.out = append(r.out, eventLine(sse.Event{Kind: sse.Comment, Data: []byte(text), ID: r.lastEventID}))
		}
	case strings.Contains(line, ":"):
		colon := strings.Index(line, ":")
		r.field(line[:colon], strings.TrimPrefix(line[colon+1:], " "))
	default:
		r.field(line, "")
	}
}

func (r *refDecoder) field(field, value string) {
	switch field {
	case "event":
		r.eventType = value
	case "data":
		r.data += value
		r.data += "\n"
	case "id":
		if !strings.Contains(value, "\x00") {
			r.lastEventIDBuffer = value
			r.sawID = true
		}
	case "retry":
		if value != "" && strings.Trim(value, "0123456789") == "" {
			r.reconnection, _ = new(big.Int).SetString(value, 10)
		}
	}
}

func (r *refDecoder) dispatch() {
	r.lastEventID = r.lastEventIDBuffer
	sawID := r.sawID
	r.sawID = false
	if r.data == "" {
		r.eventType = ""
		if sawID && r.opts.Positions {
			r.out = append(r.out, eventLine(sse.Event{Kind: sse.Position, ID: r.lastEventID, HasID: true}))
		}
		return
	}
	data := strings.TrimSuffix(r.data, "\n")
	r.out = append(r.out, eventLine(sse.Event{Data: []byte(data), Name: r.eventType, ID: r.lastEventID, HasID: sawID}))
	r.data, r.eventType = "", ""
}

func refDuration(ms *big.Int) time.Duration {
	const longest = 9223372036854
	if ms.Cmp(big.NewInt(longest)) > 0 {
		return longest * time.Millisecond
	}
	return time.Duration(ms.Int64()) * time.Millisecond
}

// refLines splits at CRLF, LF and CR. What follows the last is no line.
func refLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	lines := strings.Split(s, "\n")
	return lines[:len(lines)-1]
}

// refUTF8 is "UTF-8 decode" of the Encoding Standard: section 6 for the byte
// order mark, section 8.1.1 for the state machine.
func refUTF8(b []byte) string {
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		b = b[3:]
	}
	var out []rune
	var codePoint rune
	var seen, needed int
	lower, upper := byte(0x80), byte(0xBF)
	reset := func() { codePoint, seen, needed, lower, upper = 0, 0, 0, 0x80, 0xBF }
	for i := 0; i < len(b); i++ {
		c := b[i]
		if needed == 0 {
			switch {
			case c <= 0x7F:
				out = append(out, rune(c))
			case c >= 0xC2 && c <= 0xDF:
				needed, codePoint = 1, rune(c&0x1F)
			case c >= 0xE0 && c <= 0xEF:
				if c == 0xE0 {
					lower = 0xA0
				}
				if c == 0xED {
					upper = 0x9F
				}
				needed, codePoint = 2, rune(c&0xF)
			case c >= 0xF0 && c <= 0xF4:
				if c == 0xF0 {
					lower = 0x90
				}
				if c == 0xF4 {
					upper = 0x8F
				}
				needed, codePoint = 3, rune(c&0x7)
			default:
				out = append(out, 0xFFFD)
			}
			continue
		}
		if c < lower || c > upper {
			reset()
			i-- // restore the byte
			out = append(out, 0xFFFD)
			continue
		}
		lower, upper = 0x80, 0xBF
		codePoint = codePoint<<6 | rune(c&0x3F)
		seen++
		if seen == needed {
			out = append(out, codePoint)
			reset()
		}
	}
	if needed != 0 {
		out = append(out, 0xFFFD)
	}
	return string(out)
}
