//go:build linux

package hostile_test

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkUnderAttack is how much later others get their events while a server is
// attacked: 100 events a second to 20 streams, 99 of 100 of which took no longer than
// said, by the median of all iterations. Attackers are on the same machine, so what they need of its processors counts
// too. An iteration takes ten seconds and more.
func BenchmarkUnderAttack(b *testing.B) {
	for _, attack := range []struct {
		how string
		n   int
	}{
		{"silent", 15_000}, {"slow-header", 10_000}, {"slow-body", 10_000}, {"slow-chunk", 10_000}, {"slow-line", 10_000}, {"never-read", 15_000}, {"no-answers", 300},
		{"huge-header", 300}, {"huge-body", 100}, {"huge-extension", 300}, {"churn", 1000}} {
		b.Run(attack.how, func(b *testing.B) {
			var quiet, attacked []float64
			memory := 0.
			for b.Loop() {
				s := serve(b)
				o := s.others(b)
				o.publishMuch("crowd")
				quiet = append(quiet, p99(o))
				attackers := s.attackers(b, attack.how, attack.n)
				attacked = append(attacked, p99(o))
				memory = max(memory, float64(s.metric(b, "process_resident_memory_bytes")-s.memory)/float64(attack.n))
				attackers.end()
				o.leave()
				s.end()
			}
			b.ReportMetric(0, "ns/op")
			slices.Sort(quiet)
			slices.Sort(attacked)
			middle := len(quiet) / 2
			b.ReportMetric(quiet[middle], "quiet-p99-µs")
			b.ReportMetric(attacked[middle], "attacked-p99-µs")
			b.ReportMetric(attacked[middle]/quiet[middle], "ratio")
			b.ReportMetric(memory, "B/attacker")
		})
	}
}

// p99 returns the time, in µs, within which 99 of 100 events came.
func p99(o *others) float64 {
	return float64(quantile(o.exchange(5*time.Second, 100), .99)) / float64(time.Microsecond)
}
