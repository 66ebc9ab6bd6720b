package load

import (
	"math"
	"math/bits"
	"time"
)

// A histogram counts durations in buckets, each at most 1.6 % wide. The zero
// histogram is empty.
type histogram struct {
	counts []uint64
	n      uint64
	most   int64
}

// fine is how many buckets there are between a power of two and the next.
const fine = 64

// add counts a duration n times. One below zero, which two clocks can make,
// counts as zero.
func (h *histogram) add(d time.Duration, n uint64) {
	v := max(int64(d), 0)
	b := bucket(v)
	for b >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, 8*fine)...)
	}
	h.counts[b] += n
	h.n += n
	h.most = max(h.most, v)
}

// reset empties h.
func (h *histogram) reset() {
	clear(h.counts)
	h.n, h.most = 0, 0
}

// quantile returns the smallest duration that a share q of all does not
// exceed, rounded up to the end of its bucket; 0 if there are none.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.n)))
	var seen uint64
	for b, n := range h.counts {
		if seen += n; seen >= rank && n > 0 {
			return time.Duration(min(last(b), h.most))
		}
	}
	return 0
}

// quantiles returns what reports say of h, or nil if it is empty.
func (h *histogram) quantiles() *Quantiles {
	if h.n == 0 {
		return nil
	}
	return &Quantiles{
		Count: h.n, P50: micros(h.quantile(.5)), P90: micros(h.quantile(.9)), P99: micros(h.quantile(.99)), Max: micros(time.Duration(h.most)),
	}
}

// bucket returns the bucket of v.
func bucket(v int64) int {
	if v < fine {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - bits.Len64(fine)
	return shift*fine + int(v>>shift)
}

// last returns the largest value in a bucket.
func last(bucket int) int64 {
	if bucket < 2*fine {
		return int64(bucket)
	}
	shift := bucket/fine - 1
	return int64(bucket-shift*fine+1)<<shift - 1
}

// micros returns d in microseconds, the unit of reports.
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
