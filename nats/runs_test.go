package nats

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzRuns compares sets of places with maps.
func FuzzRuns(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(7))
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		a, of := someRuns(random)
		b, notOf := someRuns(random)
		rest, both := a.without(b), a.with(b...)
		for place := uint64(1); place < 80; place++ {
			if got, want := rest.has(place), of[place] && !notOf[place]; got != want {
				t.Errorf("%v without %v: %d is %v", a, b, place, got)
			}
			if got, want := both.has(place), of[place] || notOf[place]; got != want {
				t.Errorf("%v with %v: %d is %v", a, b, place, got)
			}
		}
		for _, s := range []runs{a, rest, both} {
			if got, err := decodeRuns(s.encode()); err != nil || !slices.Equal(got, s) {
				t.Errorf("%v: got %v, %v", s, got, err)
			}
		}
	})
}

// FuzzDecodeRuns reads bytes that anybody may have written.
func FuzzDecodeRuns(f *testing.F) {
	f.Add([]byte{1, 0, 2, 5})
	f.Add([]byte{1, 0, 1, 5})
	f.Add([]byte{0, 0})
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeRuns(b)
		if err != nil {
			return
		}
		again, err := decodeRuns(s.encode())
		if err != nil || !slices.Equal(again, s) || !slices.Equal(runs(nil).with(s...), s) {
			t.Errorf("%v: got %v, %v", s, again, err)
		}
	})
}

// someRuns returns places below 80, as both.
func someRuns(random *rand.Rand) (s runs, m map[uint64]bool) {
	m = make(map[uint64]bool)
	for place := uint64(1); place < 80; place++ {
		if random.IntN(3) > 0 {
			s, m[place] = s.add(place), true
		}
	}
	return s, m
}

// has reports whether a place is in s.
func (s runs) has(place uint64) bool { return len(runs{{place, place}}.without(s)) == 0 }
