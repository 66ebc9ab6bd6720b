package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Serving are figures of how a hub is served, which hooks tell: Appended is for
// [tidings.Hooks], the other methods are for those of httpapi. All methods may be
// called concurrently.
type Serving struct {
	publish, lag   prometheus.Histogram
	refused, ended outcomes
}

var _ prometheus.Collector = (*Serving)(nil)

// Bounds of the buckets, in seconds. A log in memory takes microseconds, one on a
// disk or across a network milliseconds; a client that does not read is cut after
// seconds.
var (
	publishBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	lagBuckets     = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
)

// NewServing returns figures that are all zero. Problems and reasons are the names
// that there will be: those of httpapi.ProblemNames and httpapi.EndReasons. Others
// are not counted, so there are never more labels.
func NewServing(problems, reasons []string) *Serving {
	return &Serving{
		publish: histogram("publish_seconds", "Time that publishers waited for the log, of what was acknowledged.", publishBuckets),
		lag:     histogram("delivery_lag_seconds", "Time from an event's stamp until it was handed to a connection, at most one in a millisecond, of what came after the connection.", lagBuckets),
		refused: newOutcomes("refused_requests_total", "Requests that were answered with a problem.", "problem", problems),
		ended:   newOutcomes("ended_streams_total", "Streams that ended.", "reason", reasons),
	}
}

// histogram returns a histogram.
func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tidings_" + name, Help: help, Buckets: buckets})
}

// Appended counts a publish that was acknowledged.
func (s *Serving) Appended(_ int, took time.Duration) { s.publish.Observe(took.Seconds()) }

// Delivered counts an event that was handed to a connection.
func (s *Serving) Delivered(lag time.Duration) { s.lag.Observe(lag.Seconds()) }

// Refused counts a request that was answered with a problem.
func (s *Serving) Refused(problem string) { s.refused.count(problem) }

// Ended counts a stream that ended.
func (s *Serving) Ended(reason string) { s.ended.count(reason) }

// Describe implements prometheus.Collector.
func (s *Serving) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range s.collectors() {
		c.Describe(descs)
	}
}

// Collect implements prometheus.Collector.
func (s *Serving) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range s.collectors() {
		c.Collect(metrics)
	}
}

func (s *Serving) collectors() [4]prometheus.Collector {
	return [...]prometheus.Collector{s.publish, s.lag, s.refused.all, s.ended.all}
}

// Outcomes are counters that differ in one label, whose values are known.
type outcomes struct {
	all    *prometheus.CounterVec
	byName map[string]prometheus.Counter
}

// newOutcomes returns counters. All are there from the start, at zero, so that the
// first that is counted is seen to be one.
func newOutcomes(name, help, label string, values []string) outcomes {
	o := outcomes{
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tidings_" + name, Help: help}, []string{label}),
		make(map[string]prometheus.Counter),
	}
	for _, v := range values {
		o.byName[v] = o.all.WithLabelValues(v)
	}
	return o
}

// count counts one of the values.
func (o *outcomes) count(value string) {
	if c, ok := o.byName[value]; ok {
		c.Inc()
	}
}
