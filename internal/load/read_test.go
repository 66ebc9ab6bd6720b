package load_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

// frame returns a frame with an event, and an id if there is one.
func frame(number int, id string) string {
	text := "data: " + string(load.Payload(1795254906362198946, number, 148)) + "\n"
	if id != "" {
		text += "id: " + id + "\n"
	}
	return text + "\n"
}

// chunked returns texts as the chunks of a body.
func chunked(texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(text), text)
	}
	return b.String()
}

func TestStreamsAreReadInPiecesOfAnySize(t *testing.T) {
	const first = "1795254906362198946"
	hello := ": connected\n\nretry: 2210\n\nid: 1795254906362198946-6\n\n"
	nchan := "id: 1795254906:3\n" + frame(9, "")
	for _, tt := range []struct {
		name, stream string
		chunked      bool
		want         string
	}{
		{"Tidings", hello + frame(7, first+"-7") + frame(8, first+"-12"), false, "7 at " + first + ", position 0-7\n8 at " + first + ", position 0-12\n"},
		{"nchan", ": hi\n\n" + nchan, false, "9 at " + first + ", position 1795254906-3\n"},
		{"no positions", frame(1, ""), false, "1 at " + first + ", position 0-0\n"},
		{"chunks", chunked(hello, frame(7, "7"), frame(8, "8")+frame(9, "9")), true, "7 at " + first + ", position 0-7\n8 at " + first + ", position 0-8\n9 at " + first + ", position 0-9\n"},
		{"chunks that cut frames", chunked(frame(7, "7")[:50], frame(7, "7")[50:]) + "0\r\n\r\n", true, "7 at " + first + ", position 0-7\nend\n"},
		{"chunks with extensions", strings.Replace(chunked(frame(7, "7")), "\r\n", ";a=b\r\n", 1), true, "7 at " + first + ", position 0-7\n"},
	} {
		for _, piece := range []int{1, 2, 3, 7, 64, 100, 191, 1 << 20} {
			if got, err := load.Scan(tt.stream, tt.chunked, piece); err != nil || got != tt.want {
				t.Errorf("%s in pieces of %d: got %q, %v, want %q", tt.name, piece, got, err, tt.want)
			}
		}
	}
}

func TestForeignFramesAreErrors(t *testing.T) {
	for _, stream := range []string{
		"event: tidings.lost\ndata: {\"after\":\"1-1\"}\n\n",
		"data: {}\n\n",
		"id: 7\ndata: {\"at\":7}\n\n",
	} {
		if got, err := load.Scan(stream, false, 1<<20); err == nil {
			t.Errorf("%q is read as %q", stream, got)
		}
	}
	for _, stream := range []string{"x\r\n", "\r\n\r\n", "ffffffffffff\r\n"} {
		if got, err := load.Scan(stream, true, 1<<20); err == nil {
			t.Errorf("the chunk %q is read as %q", stream, got)
		}
	}
}

func TestPayloadsHaveTheSizeThatWasAskedFor(t *testing.T) {
	for _, size := range []int{load.LeastPayload, 148, 1000} {
		p := load.Payload(time.Now().UnixNano(), 999_999, size)
		if len(p) != size {
			t.Errorf("got %d bytes, want %d: %s", len(p), size, p)
		}
	}
}

// A quantile is that of a sorted list, at most 1.6 % above it.
func TestQuantilesAreThoseOfASortedList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []float64{50, 5e3, 5e6, 5e10} {
		var all []time.Duration
		for range 1000 {
			all = append(all, time.Duration(random.ExpFloat64()*scale))
		}
		sorted := slices.Sorted(slices.Values(all))
		for _, q := range []float64{.001, .5, .9, .99, 1} {
			want := sorted[int(q*1000)-1]
			if got := load.Quantile(q, all); got < want || float64(got) > 1.016*float64(want) {
				t.Errorf("quantile %g of about %g: got %d, want %d", q, scale, got, want)
			}
		}
	}
	if got := load.Quantile(.5, []time.Duration{-5}); got != 0 {
		t.Errorf("a duration below zero counts as %v", got)
	}
	if got := load.Quantile(.5, nil); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}
