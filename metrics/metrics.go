// Package metrics shows a Hub's figures to Prometheus. No metric has a label
// that a user could choose.
package metrics

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/tidings-dev/tidings"
)

// A Collector reads the figures of a Hub when Prometheus asks. Register it
// with any registry; it may be used concurrently.
type Collector struct{ hub *tidings.Hub }

var _ prometheus.Collector = (*Collector)(nil)

// NewCollector returns a Collector of a hub.
func NewCollector(hub *tidings.Hub) *Collector { return &Collector{hub} }

// Handler serves a hub's figures, those of the process and of Go, and more if there
// are more, such as [Serving], in the format of Prometheus, from a registry of its
// own. It panics if two of them are the same.
func Handler(hub *tidings.Hub, more ...prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewCollector(hub), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(more...)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// A figure is one metric and how to read it.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(s *tidings.Stats) float64
}

// counter and gauge describe figures.
func counter(name, help string, read func(s *tidings.Stats) uint64) figure {
	return figure{prometheus.NewDesc("tidings_"+name, help, nil, nil), prometheus.CounterValue,
		func(s *tidings.Stats) float64 { return float64(read(s)) }}
}

func gauge(name, help string, read func(s *tidings.Stats) float64) figure {
	return figure{prometheus.NewDesc("tidings_"+name, help, nil, nil), prometheus.GaugeValue, read}
}

var figures = []figure{
	counter("published_events_total", "Events acknowledged, duplicates not counted.", func(s *tidings.Stats) uint64 { return s.Published }),
	counter("duplicate_events_total", "Publishes that a key made repetitions.", func(s *tidings.Stats) uint64 { return s.Duplicates }),
	counter("refused_publishes_total", "Publishes that failed.", func(s *tidings.Stats) uint64 { return s.Refused }),
	counter("delivered_events_total", "Events handed to subscribers.", func(s *tidings.Stats) uint64 { return s.Delivered }),
	counter("lost_notices_total", "Notices of loss given to subscribers.", func(s *tidings.Stats) uint64 { return s.Lost }),
	counter("dropped_events_total", "Events discarded before an attached subscriber read them.", func(s *tidings.Stats) uint64 { return s.Dropped }),
	gauge("subscribers", "Subscriptions attached now.", func(s *tidings.Stats) float64 { return float64(s.Subscribers) }),
	gauge("users", "Owners with retained events or subscribers.", func(s *tidings.Stats) float64 { return float64(s.Users) }),
	gauge("sessions", "Sessions with retained events or subscribers.", func(s *tidings.Stats) float64 { return float64(s.Sessions) }),
	gauge("window_events", "Events in the window.", func(s *tidings.Stats) float64 { return float64(s.Events) }),
	gauge("window_bytes", "Bytes accounted to the window.", func(s *tidings.Stats) float64 { return float64(s.Bytes) }),
	gauge("head_seq", "The seq of the newest event in the window.", func(s *tidings.Stats) float64 { return float64(s.Head.Seq()) }),
	gauge("log_followed", "1 while the log is followed, else 0.", func(s *tidings.Stats) float64 {
		return whether(s.Tail == nil)
	}),
	gauge("log_ok", "1 while the log is followed and says that all of it works, else 0.", func(s *tidings.Stats) float64 {
		return whether(s.Tail == nil && s.Log.Err == nil)
	}),
}

// whether returns 1 for what is so, else 0.
func whether(so bool) float64 {
	if so {
		return 1
	}
	return 0
}

// ofLog describes a figure that the log has of itself.
func ofLog(name string) (*prometheus.Desc, prometheus.ValueType) {
	kind := prometheus.GaugeValue
	if strings.HasSuffix(name, "_total") {
		kind = prometheus.CounterValue
	}
	return prometheus.NewDesc("tidings_log_"+name, "A figure that the log has of itself.", nil, nil), kind
}

// Connections are counted for each stream; streams are the operator's to name.
var (
	connections = prometheus.NewDesc("tidings_connections", "Connections to a stream.", []string{"stream"}, nil)
	connected   = prometheus.NewDesc("tidings_connected_users", "Owners with connections to a stream.", []string{"stream"}, nil)
)

// Describe implements prometheus.Collector.
func (c *Collector) Describe(descs chan<- *prometheus.Desc) {
	for _, f := range figures {
		descs <- f.desc
	}
	descs <- connections
	descs <- connected
	for name := range c.hub.Stats().Log.Figures {
		desc, _ := ofLog(name)
		descs <- desc
	}
}

// Collect implements prometheus.Collector. The figures of the hub are of one
// moment, and those of each stream.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	stats := c.hub.Stats()
	for _, f := range figures {
		metrics <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(&stats))
	}
	for name, value := range stats.Log.Figures {
		desc, kind := ofLog(name)
		metric, err := prometheus.NewConstMetric(desc, kind, value)
		if err != nil {
			metric = prometheus.NewInvalidMetric(desc, err)
		}
		metrics <- metric
	}
	for _, stream := range append(c.hub.Router().Streams(), tidings.FeedStream) {
		users, n := c.hub.Connections(stream).Counts()
		metrics <- prometheus.MustNewConstMetric(connections, prometheus.GaugeValue, float64(n), stream)
		metrics <- prometheus.MustNewConstMetric(connected, prometheus.GaugeValue, float64(users), stream)
	}
}
