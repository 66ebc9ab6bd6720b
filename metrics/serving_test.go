package metrics_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/tidings-dev/tidings/metrics"
)

func TestFiguresOfServing(t *testing.T) {
	s := metrics.NewServing([]string{"forbidden", "internal"}, []string{"gone", "slow"})
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			s.Appended(10, 3*time.Millisecond)
			s.Delivered(time.Duration(i) * time.Second)
			s.Refused("forbidden")
			s.Refused("alice")
			s.Ended("slow")
		})
	}
	work.Wait()
	const want = `
# HELP tidings_ended_streams_total Streams that ended.
# TYPE tidings_ended_streams_total counter
tidings_ended_streams_total{reason="gone"} 0
tidings_ended_streams_total{reason="slow"} 4
# HELP tidings_refused_requests_total Requests that were answered with a problem.
# TYPE tidings_refused_requests_total counter
tidings_refused_requests_total{problem="forbidden"} 4
tidings_refused_requests_total{problem="internal"} 0
`
	if err := testutil.CollectAndCompare(s, strings.NewReader(want), "tidings_ended_streams_total", "tidings_refused_requests_total"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(s); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, error %v", problems, err)
	}
	for name, want := range map[string]string{
		"tidings_publish_seconds":      "4 in 0.012s, 0 up to 0.0025, 4 up to 0.005",
		"tidings_delivery_lag_seconds": "4 in 6s, 1 up to 0.0025, 1 up to 0.005",
	} {
		if got := shown(t, s, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// shown returns what is known of a histogram.
func shown(t *testing.T, c prometheus.Collector, name string) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		if family.GetName() != name {
			continue
		}
		h := family.Metric[0].GetHistogram()
		var text strings.Builder
		text.WriteString(fmt.Sprintf("%d in %.3gs", h.GetSampleCount(), h.GetSampleSum()))
		for _, b := range h.Bucket {
			if bound := b.GetUpperBound(); bound == .0025 || bound == .005 {
				text.WriteString(fmt.Sprintf(", %d up to %v", b.GetCumulativeCount(), bound))
			}
		}
		return text.String()
	}
	t.Fatalf("no %s", name)
	return ""
}
