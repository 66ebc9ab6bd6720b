package load_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings/internal/load"
)

// report returns one with everything in it.
func report() *load.Report {
	q := &load.Quantiles{Count: 5, P50: 12, P90: 345.6, P99: 7890, Max: 2.5e6}
	return &load.Report{
		Scenario: load.Broadcast, Connections: 10_000, Owners: 1, Publishers: 16, Batch: 1, Window: 16, Size: 148,
		Seconds: 2, Events: 500, Deliveries: 5_000_000, EventsPerSecond: 250, DeliveriesPerSecond: 2_500_000,
		Latency: q, Answers: q, LoadCPU: .95, Warnings: []string{"something"},
		Server: &load.Usage{CPU: .987, KernelCPU: .012, PerDelivery: .39, PerEvent: 3948, RSS: 30 << 20, RSSPerConnection: 1600, RSSGrowth: -20 << 10, OthersCPU: .021},
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := report().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	const want = `scenario               broadcast: 10000 connections, 1 owners
published by           16 connections, requests of one event, 16 events outstanding
deliveries             5000000 in 2.0 s, 2500000/s
events                 500, 250/s
latency                p50 12 µs  p90 346 µs  p99 7.89 ms  max 2.50 s
answers to publishers  p50 12 µs  p90 346 µs  p99 7.89 ms  max 2.50 s
server's CPU           98.7 %, of which ksoftirqd 1.2 %
per delivery           0.39 µs, per event 3948.00 µs
server's memory        30.0 MB, per connection 1600 B, grown by -20.0 KB
load generator's CPU   95.0 %
other processes' CPU   2.1 %
warning: something
`
	if diff := gocmp.Diff(b.String(), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestTableOfAHerdAndOfStalledReaders(t *testing.T) {
	r := &load.Report{
		Scenario: load.Herd, Rate: 500, Publishers: 1, Herd: &load.HerdReport{Owed: 100, Seconds: .25, Usual: &load.Quantiles{P50: 80}},
		Stalled: &load.StalledReport{Readers: 10, Cut: 9, First: 10.4, Median: 10.6, Last: 11},
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"500 events/s", "0.250 s, 100 events each", "the same before       p50 80 µs", "10, 9 cut, first after 10.4 s, half after 10.6 s, last after 11.0 s"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestGoBenchmarkFormat(t *testing.T) {
	var b strings.Builder
	if err := report().WriteGoBench(&b); err != nil {
		t.Fatal(err)
	}
	const want = "BenchmarkBroadcast/connections=10000/window=16\t5000000\t2.5e+06 deliveries/s\t12000 p50-ns\t7.89e+06 p99-ns\t7.89e+06 answer-p99-ns\t" +
		"390 cpu-ns/delivery\t3.948e+06 cpu-ns/event\t1600 B/connection\t98.7 server-cpu-%\t95 load-cpu-%\n"
	if diff := gocmp.Diff(b.String(), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}
