package nats

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// runs is a set of places in the stream: runs of them in ascending order, which
// neither overlap nor touch.
type runs []run

// A run is the places from first to last.
type run struct{ first, last uint64 }

// with returns the places that are in s or in more, which may be in any order.
func (s runs) with(more ...run) runs {
	all := slices.Concat(s, more)
	slices.SortFunc(all, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	joined := all[:0]
	for _, r := range all {
		if n := len(joined); n > 0 && r.first <= joined[n-1].last+1 {
			joined[n-1].last = max(joined[n-1].last, r.last)
		} else {
			joined = append(joined, r)
		}
	}
	return joined
}

// without returns the places that are in s and not in other.
func (s runs) without(other runs) (rest runs) {
	for _, r := range s {
		i, _ := slices.BinarySearchFunc(other, r.first, func(o run, first uint64) int { return cmp.Compare(o.last, first) })
		for ; i < len(other) && other[i].first <= r.last; i++ {
			if r.first < other[i].first {
				rest = append(rest, run{r.first, other[i].first - 1})
			}
			r.first = other[i].last + 1
		}
		if r.first <= r.last {
			rest = append(rest, r)
		}
	}
	return rest
}

// add returns s with one place that is after all others.
func (s runs) add(place uint64) runs {
	if n := len(s); n > 0 && s[n-1].last+1 == place {
		s[n-1].last = place
		return s
	}
	return append(s, run{place, place})
}

// String says which places those are, or how they begin.
func (s runs) String() string {
	var parts []string
	for _, r := range s[:min(len(s), 5)] {
		parts = append(parts, r.String())
	}
	if len(s) > 5 {
		parts = append(parts, fmt.Sprintf("and %d runs more, up to %d", len(s)-5, s[len(s)-1].last))
	}
	return strings.Join(parts, ", ")
}

func (r run) String() string {
	if r.first == r.last {
		return fmt.Sprint(r.first)
	}
	return fmt.Sprintf("%d to %d", r.first, r.last)
}

// encode returns s as bytes: for each run how far it is from the one before, and
// how many places it has beyond the first.
func (s runs) encode() (b []byte) {
	at := uint64(0)
	for _, r := range s {
		b = binary.AppendUvarint(b, r.first-at)
		b = binary.AppendUvarint(b, r.last-r.first)
		at = r.last
	}
	return b
}

// errRuns says that bytes are no runs.
var errRuns = errors.New("not a list of places")

// decodeRuns returns what was encoded.
func decodeRuns(b []byte) (s runs, err error) {
	for at := uint64(0); len(b) > 0; {
		var r [2]uint64
		for i := range r {
			n, size := binary.Uvarint(b)
			if size <= 0 {
				return nil, errRuns
			}
			r[i], b = n, b[size:]
		}
		first := at + r[0]
		if last := first + r[1]; first < at || last < first || last >= 1<<63 || r[0] < 2 && at > 0 || first == 0 {
			return nil, errRuns
		}
		at = first + r[1]
		s = append(s, run{first, at})
	}
	return s, nil
}
