package nats

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
)

var _ tidings.Diagnosed = (*Log)(nil)

// Names of figures.
const (
	figureConnected  = "connected"
	figureReconnects = "reconnects_total"
	figureEvents     = "stream_events"
	figureBytes      = "stream_bytes"
)

// A health is what was seen of the stream when it was last looked for what is to
// be discarded. All methods may be called concurrently.
type health struct {
	mu         sync.Mutex // guards what follows
	stream     jetstream.StreamState
	discarding error // why nothing was discarded
}

// saw takes note of what the stream has.
func (h *health) saw(s jetstream.StreamState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stream = s
}

// discarded takes note of whether that could be done.
func (h *health) discarded(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.discarding = err
}

// Health returns what is known, see [tidings.Diagnosed]. Its error matches
// tidings.ErrUnavailable while there is no connection to the server. What the
// stream has is as of the last look for what is to be discarded, which is once a
// minute; events are counted until the stream lets go of them.
func (l *Log) Health() tidings.Health {
	lost, reconnects := l.link.state()
	l.health.mu.Lock()
	defer l.health.mu.Unlock()
	h := tidings.Health{Figures: map[string]float64{
		figureConnected: 1, figureReconnects: float64(reconnects),
		figureEvents: float64(l.health.stream.Msgs), figureBytes: float64(l.health.stream.Bytes),
	}}
	switch {
	case !lost.IsZero():
		h.Figures[figureConnected] = 0
		h.Err = fmt.Errorf("nats: %w: no connection since %s; see that the server runs, and that this machine reaches it",
			tidings.ErrUnavailable, lost.UTC().Format(time.RFC3339))
	case l.damaged.Load() != nil:
		h.Err = fmt.Errorf("nats: %w", *l.damaged.Load())
	case l.health.discarding != nil:
		h.Err = fmt.Errorf("nats: old events were not discarded, and are tried again: %w", l.health.discarding)
	}
	return h
}
