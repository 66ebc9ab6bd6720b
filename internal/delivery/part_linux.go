package delivery

import (
	"syscall"
)

// A part is bytes that are sent from where they are.
type part struct {
	p   []byte
	own bool // is of a Buffer's B, which will be used for something else
}

// appendParts appends the parts of b.
func appendParts(parts []part, b *Buffer) []part {
	for p, own := range b.parts() {
		parts = append(parts, part{p, own})
	}
	return parts
}

// advance returns what is left of parts after their first n bytes, and lets go
// of what is not.
func advance(parts []part, n int) []part {
	for len(parts) > 0 && n >= len(parts[0].p) {
		n -= len(parts[0].p)
		parts[0] = part{}
		parts = parts[1:]
	}
	if n > 0 {
		parts[0].p = parts[0].p[n:]
	}
	return parts
}

// keep returns a copy of parts that does not need a Buffer any more.
func keep(parts []part) []part {
	own := 0
	for _, p := range parts {
		if p.own {
			own += len(p.p)
		}
	}
	kept, bytes := make([]part, len(parts)), make([]byte, 0, own)
	for i, p := range parts {
		if p.own {
			from := len(bytes)
			bytes = append(bytes, p.p...)
			p.p = bytes[from:]
		}
		kept[i] = part{p: p.p}
	}
	return kept
}

// size returns how many bytes parts have.
func size(parts []part) int {
	n := 0
	for _, p := range parts {
		n += len(p.p)
	}
	return n
}

// vector sets iov to the first bytes of parts, at most limit, and returns how
// many elements it used and for how many bytes.
func vector(iov []syscall.Iovec, parts []part, limit int) (used, bytes int) {
	for _, p := range parts {
		if used == len(iov) || bytes == limit {
			break
		}
		n := min(len(p.p), limit-bytes)
		iov[used].Base = &p.p[0]
		iov[used].SetLen(n)
		used, bytes = used+1, bytes+n
	}
	return used, bytes
}
