package main

import (
	"fmt"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

// A scenario is something that is done to each peer.
type scenario struct {
	name     string
	args     []string // of tidings bench
	batches  bool     // only for those who take them
	hubs     bool     // only for Tidings
	log      string   // of Tidings; in memory by default
	measures []measure
}

// A measure is a figure of a scenario.
type measure struct {
	name   string
	digits int // after the point
	of     func(*load.Report) float64
	bounds []bound
}

// A bound is what a peer's figure has to be. Where it is a multiple of another
// figure, that is of the same round; an empty scenario or figure is the same.
type bound struct {
	peer     string
	atLeast  bool
	value    float64
	times    string // a peer; empty: value itself is the bound
	scenario string
	measure  string
}

// Units of figures.
const (
	perDelivery = "CPU, µs per delivery"
	perEvent    = "CPU, µs per event"
	throughput  = "deliveries/s"
	p99         = "p99, ms"
)

// Names of scenarios that others are compared with.
const (
	broadcastOne = "broadcast, 1 outstanding"
	ownersSingle = "owners, single POSTs"
	large        = "broadcast of 1 KB, 100/s"
	hundred      = "broadcast, 100/s"
)

// most and least are bounds by a multiple of another peer's figure.
func most(peer string, value float64, times string) bound {
	return bound{peer: peer, value: value, times: times}
}

func least(peer string, value float64, times string) bound {
	return bound{peer: peer, value: value, times: times, atLeast: true}
}

// both returns a bound for either way of delivery.
func both(b bound) []bound {
	raw, portable := b, b
	raw.peer, portable.peer = "raw", "portable"
	return []bound{raw, portable}
}

// own returns bounds by a multiple of what the same peer has in another
// scenario, or for another figure.
func own(value float64, scenario, measure string) []bound {
	return []bound{
		{peer: "raw", value: value, times: "raw", scenario: scenario, measure: measure},
		{peer: "portable", value: value, times: "portable", scenario: scenario, measure: measure},
	}
}

// Figures.
func cpuPerDelivery(bounds ...bound) measure {
	return measure{perDelivery, 2, func(r *load.Report) float64 { return r.Server.PerDelivery }, bounds}
}

func cpuPerEvent(bounds ...bound) measure {
	return measure{perEvent, 2, func(r *load.Report) float64 { return r.Server.PerEvent }, bounds}
}

func deliveries(bounds ...bound) measure {
	return measure{throughput, 0, func(r *load.Report) float64 { return r.DeliveriesPerSecond }, bounds}
}

func latency(bounds ...bound) measure {
	return measure{p99, 2, func(r *load.Report) float64 { return r.Latency.P99 / 1e3 }, bounds}
}

func loadCPU() measure {
	return measure{"load generator's CPU, %", 0, func(r *load.Report) float64 { return 100 * r.LoadCPU }, nil}
}

// scenarios returns what there is to do, for a number of connections.
func scenarios(s *settings) []scenario {
	n, more := s.connections, s.connections*9/5
	args := func(scenario string, connections int, more ...string) []string {
		return append([]string{scenario, "-n", fmt.Sprint(connections), "-d", s.duration.String(), "--warmup", min(s.duration, time.Second).String()}, more...)
	}
	ofNchan := func(value float64) []bound {
		return both(bound{value: value, times: "nchan", scenario: ownersSingle})
	}
	return []scenario{
		{name: broadcastOne, args: args("broadcast", n, "-w", "1"), measures: []measure{
			cpuPerDelivery(most("raw", 1.12, "limit"), most("raw", .72, "nchan"), most("portable", .9, "nchan")), loadCPU(),
		}},
		{name: "broadcast, 16 outstanding", args: args("broadcast", n, "-w", "16"), measures: []measure{
			deliveries(least("raw", 15, "nchan"), least("portable", 5, "nchan")), cpuPerDelivery(), loadCPU(),
		}},
		{name: "broadcast, 10/s", args: args("broadcast", n, "-r", "10"), measures: []measure{latency(most("raw", 1.15, "limit"))}},
		{name: ownersSingle, args: args("owners", n, "-p", "64"), measures: []measure{cpuPerEvent(ofNchan(1.4)...), loadCPU()}},
		{name: "owners, batches of 100", args: args("owners", n, "-p", "64", "-b", "100"), batches: true, measures: []measure{cpuPerEvent(ofNchan(.5)...), loadCPU()}},
		{name: "owners, open NDJSON", args: args("owners", n, "-p", "64", "--ndjson"), hubs: true, measures: []measure{cpuPerEvent(ofNchan(.5)...), loadCPU()}},
		{name: "owners, 5000/s", args: args("owners", n, "-p", "64", "-r", "5000"), measures: []measure{latency(both(bound{value: 1.2, times: "nchan"})...)}},
		{name: "idle, an owner each", args: []string{"idle", "-n", fmt.Sprint(n), "-d", max(s.duration, idleTime).String()}, measures: []measure{{
			"RSS, KB per connection", 2, func(r *load.Report) float64 { return float64(r.Server.RSSPerConnection) / 1024 },
			[]bound{{peer: "raw", value: 1.6}, {peer: "portable", value: 6}},
		}}},
		{name: "idle, more connections", args: []string{"idle", "-n", fmt.Sprint(more), "-d", (10 * s.duration).String(), "--warmup", idleWarmup.String()}, measures: []measure{{
			"server's CPU, %", 2, func(r *load.Report) float64 { return 100 * r.Server.CPU }, both(bound{value: 2}),
		}}},
		{name: "herd, 100 events each", args: args("herd", n, "--owed", "100"), measures: herd()},
		{name: broadcastOne + ", more connections", args: args("broadcast", more, "-w", "1"), measures: []measure{
			cpuPerDelivery(own(1.2, broadcastOne, "")...), loadCPU(),
		}},
		{name: large, hubs: true, args: args("broadcast", n*9/10, "-r", "100", "--size", "1000", "--patience", "1m", "-d", max(s.duration, stalledTime).String()), measures: []measure{latency(), loadCPU()}},
		{name: "a tenth stalled, 1 KB, 100/s", hubs: true, args: args("stalled", n, "-r", "100", "--size", "1000", "--patience", "1m", "-d", max(s.duration, stalledTime).String()), measures: stalled()},
		{name: hundred, args: args("broadcast", n, "-r", "100", "--patience", "1m"), hubs: true, measures: []measure{cpuPerDelivery(), loadCPU()}},
		{name: hundred + ", log in PostgreSQL", args: args("broadcast", n, "-r", "100", "--patience", "1m"), hubs: true, log: "postgres", measures: []measure{
			cpuPerDelivery(own(1.2, hundred, "")...),
		}},
		{name: hundred + ", log in a directory", args: args("broadcast", n, "-r", "100", "--patience", "1m"), hubs: true, log: "nats", measures: []measure{
			cpuPerDelivery(own(1.5, hundred, "")...),
		}},
	}
}

// stalledTime is long enough for a reader to be cut, which may take 10 seconds
// once the kernel takes no more for it, and for others to be there without it.
const stalledTime = 45 * time.Second

// idleTime is long enough for signs of life, and for servers to give back what
// connecting took.
const idleTime = 20 * time.Second

// idleWarmup is after what connecting takes of a server.
const idleWarmup = 10 * time.Second

// herd returns the figures of clients that come back at once.
func herd() []measure {
	const before = "answers to publishers before, p99 ms"
	return []measure{
		{"until all caught up, s", 3, func(r *load.Report) float64 { return r.Herd.Seconds }, []bound{most("raw", .12, "nchan"), most("portable", .2, "nchan")}},
		{"answers to publishers meanwhile, p99 ms", 2, func(r *load.Report) float64 { return answer(r.Answers) }, own(3, "", before)},
		{before, 2, func(r *load.Report) float64 { return answer(r.Herd.Usual) }, nil},
	}
}

// answer returns the p99 of answers in milliseconds; 0 if there were none.
func answer(q *load.Quantiles) float64 {
	if q == nil {
		return 0
	}
	return q.P99 / 1e3
}

// stalled returns the figures of readers that do not read, and of those beside
// them.
func stalled() []measure {
	return []measure{
		latency(own(1.3, large, p99)...),
		{"memory grown by, MB", 1, func(r *load.Report) float64 { return float64(r.Server.RSSGrowth) / (1 << 20) }, both(bound{value: 64})},
		{"cut, % of the stalled", 0, func(r *load.Report) float64 { return 100 * float64(r.Stalled.Cut) / float64(r.Stalled.Readers) }, both(bound{value: 100, atLeast: true})},
		{"last cut after, s", 1, func(r *load.Report) float64 { return r.Stalled.Last }, nil},
		loadCPU(),
	}
}
