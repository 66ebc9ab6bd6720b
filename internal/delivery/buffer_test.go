package delivery_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/tidings-dev/tidings/internal/delivery"
)

func TestPartsAreInTheOrderInWhichTheyWereAdded(t *testing.T) {
	var b delivery.Buffer
	b.Refer([]byte("first"))
	b.B = append(b.B, "second "...)
	b.B = append(b.B, "third"...)
	b.Refer(nil)
	b.Refer([]byte("fourth"))
	b.Refer([]byte("fifth"))
	b.B = append(b.B, "sixth"...)
	got, want := parts(&b), []string{"first", "second third", "fourth", "fifth", "sixth"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if b.Len() != len("firstsecond thirdfourthfifthsixth") {
		t.Errorf("got the length %d", b.Len())
	}
	for p := range b.Parts() {
		if string(p) != "first" {
			t.Errorf("got %q after the end", p)
		}
		break
	}
}

func parts(b *delivery.Buffer) []string {
	var s []string
	for p := range b.Parts() {
		s = append(s, string(p))
	}
	return s
}

func TestWhatIsReferredToIsNotCopied(t *testing.T) {
	var b delivery.Buffer
	large := []byte("large")
	b.Refer(large)
	for p := range b.Parts() {
		if &p[0] != &large[0] {
			t.Error("it was copied")
		}
	}
}

func TestResetEmptiesAndKeepsAnUsualAmountOfMemory(t *testing.T) {
	var b delivery.Buffer
	b.B = append(b.B, make([]byte, delivery.MaxFill)...)
	b.Refer([]byte("x"))
	b.Reset()
	if b.Len() != 0 || parts(&b) != nil {
		t.Errorf("got %d bytes after Reset", b.Len())
	}
	if cap(b.B) < delivery.MaxFill {
		t.Errorf("only %d bytes were kept for the next use", cap(b.B))
	}
	b.B = append(b.B, make([]byte, 16*delivery.MaxFill)...)
	b.Reset()
	if cap(b.B) != 0 {
		t.Errorf("%d bytes were kept for good", cap(b.B))
	}
}

func TestWriteToWritesThePartsUntilOneFails(t *testing.T) {
	var b delivery.Buffer
	b.B = append(b.B, "small "...)
	b.Refer([]byte("large "))
	b.B = append(b.B, "rest"...)
	var all bytes.Buffer
	if n, err := b.WriteTo(&all); n != 16 || err != nil || all.String() != "small large rest" {
		t.Errorf("wrote %q, said %d, error %v", all.String(), n, err)
	}
	w := &failing{after: 8}
	if n, err := b.WriteTo(w); n != 8 || !errors.Is(err, errFull) {
		t.Errorf("got %d, %v, want 8, %v", n, err, errFull)
	}
}

var errFull = errors.New("full")

// failing is a writer that takes so many bytes.
type failing struct{ after int }

func (w *failing) Write(p []byte) (int, error) {
	n := min(len(p), w.after)
	w.after -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}
