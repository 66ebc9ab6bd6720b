package tidings

import (
	"math/rand/v2"
	"testing"
)

// TestFloorsAgainstAllDiscards is white-box: what a floor was since when is
// seen from outside only by readers who are overtaken at the right moment.
func TestFloorsAgainstAllDiscards(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		f := floors{any: &mark{}}
		var discarded []ID // by number
		spread, exact := 1+rng.IntN(200), true
		for n := range 500 {
			id := ID{1, uint64(n + rng.IntN(spread))}
			if seed%2 == 1 { // the youngest sessions first: as many marks as there can be
				id.seq = uint64(1000-n) - uint64(rng.IntN(1+spread/50))
			}
			discarded = append(discarded, id)
			f.add([]Channel{AGUI, A2A}[id.seq%2], mark{uint64(n), id})
			exact = exact && len(f.channels()) < maxMarks // none were joined
			since := rng.IntN(n + 1)
			want := [3]uint64{}
			for _, id := range discarded[since:] {
				want[id.seq%2] = max(want[id.seq%2], id.seq)
				want[2] = max(want[2], id.seq)
			}
			for i, channels := range [][]Channel{{AGUI}, {A2A}, nil} {
				got := f.since(uint64(since), &group{filter: &Selector{Channels: channels}}).seq
				if got < want[i] || got > want[i] && exact {
					t.Fatalf("seed %d: of discards %d to %d on %v the highest is %d, got %d", seed, since, n, channels, want[i], got)
				}
			}
			if got := f.all(); got.n != uint64(n) || len(f.channels()) > 2*maxMarks {
				t.Fatalf("seed %d: %d marks, the last is %d of %d", seed, len(f.channels()), got.n, n)
			}
		}
	}
}
