package delivery_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tidings-dev/tidings/internal/delivery"
)

// FuzzAnySplitYieldsTheSameBytes fills a Buffer as shape says, a part for each
// byte, and sends it by writes that take as much as takes says.
func FuzzAnySplitYieldsTheSameBytes(f *testing.F) {
	f.Add([]byte{1, 130, 3, 255, 0, 128, 7}, []byte{1, 0, 2, 3})
	f.Add([]byte{200, 201, 202, 5, 6, 203}, []byte{255})
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, shape, takes []byte) {
		if len(shape) > 100 {
			return
		}
		var b delivery.Buffer
		var want []byte
		for i, s := range shape {
			p := bytes.Repeat([]byte{byte(i)}, int(s&127))
			want = append(want, p...)
			if s >= 128 {
				b.Refer(p)
			} else {
				b.B = append(b.B, p...)
			}
		}
		if b.Len() != len(want) || !bytes.Equal(bytes.Join(slices.Collect(b.Parts()), nil), want) {
			t.Fatalf("the parts are not what was added")
		}
		i := 0
		got := delivery.Replay(&b, func(offered int) int {
			if offered == 0 || offered > 1000 {
				t.Fatalf("%d bytes were offered", offered)
			}
			if i++; i > len(takes) {
				return offered
			}
			return min(int(takes[i-1]), offered)
		})
		if !bytes.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
