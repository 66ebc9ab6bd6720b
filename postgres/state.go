package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"github.com/tidings-dev/tidings"
)

// A state is what is known of how the log is. All methods may be called
// concurrently.
type state struct {
	logger   *slog.Logger
	mu       sync.Mutex // guards what follows
	deafen   func()     // ends the connection that listens; nil while none does
	deaf     error      // why none does; nil at first, and if none should
	unheard  int        // looks in a row that found events nobody told of
	readOnly error      // why nothing can be written
	figures  map[string]float64
}

// Names of figures.
const (
	figureListening     = "listening"
	figureNotifications = "notifications_total"
	figureLooks         = "polls_total"
	figureMoved         = "outbox_moved_total"
	figureDied          = "outbox_dead_letters_total"
	figureDiscarded     = "partitions_discarded_total"
)

func newState(logger *slog.Logger) state {
	return state{logger: logger, figures: map[string]float64{
		figureListening: 0, figureNotifications: 0, figureLooks: 0, figureMoved: 0, figureDied: 0, figureDiscarded: 0,
	}}
}

// listening notes that a connection listens, and how to end it, or why not.
func (s *state) listening(deafen func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch news := (s.deaf == nil) != (err == nil); {
	case err != nil && news:
		s.logger.Warn("not listening, asking instead", "err", explained("listen", err))
	case err == nil && news:
		s.logger.Info("listening again")
	}
	s.deafen, s.deaf, s.unheard = deafen, err, 0
	s.figures[figureListening] = 0
	if deafen != nil {
		s.figures[figureListening] = 1
	}
}

// heard notes a notification.
func (s *state) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unheard = 0
	s.figures[figureNotifications]++
}

// found notes events of which no notification told. Once that may be chance;
// again and again the connection is dead.
func (s *state) found() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unheard++
	if s.unheard >= 2 && s.deafen != nil {
		s.deafen()
		s.unheard = 0
	}
}

// looked notes that the log was looked at, and whether it is read-only. It
// reports whether that is news.
func (s *state) looked(readOnly bool) (news bool) {
	s.mu.Lock()
	s.figures[figureLooks]++
	was := s.readOnly != nil
	s.mu.Unlock()
	if readOnly == was {
		return false
	}
	var err error
	if readOnly {
		err = errReadOnly
	}
	s.writable(err)
	return true
}

// errReadOnly is what such a database says to who writes.
var errReadOnly = fmt.Errorf("postgres: %w; %s", tidings.ErrReadOnly, advice["25006"])

// writable notes whether something could be written, or why not.
func (s *state) writable(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && s.readOnly == nil:
		s.logger.Error("database is read-only", "err", err)
	case err == nil && s.readOnly != nil:
		s.logger.Info("database can be written again")
	}
	s.readOnly = err
}

// count adds to a figure.
func (s *state) count(figure string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.figures[figure] += float64(n)
}

// health returns what there is to tell.
func (s *state) health() tidings.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := tidings.Health{Figures: maps.Clone(s.figures)}
	switch {
	case s.readOnly != nil:
		h.Err = s.readOnly
	case s.deaf != nil:
		h.Err = fmt.Errorf("%w: %w", ErrNotListening, explained("listen", s.deaf))
	}
	return h
}

// Health implements tidings.Diagnosed. Its error matches [tidings.ErrReadOnly]
// or [ErrNotListening].
func (l *Log) Health() tidings.Health { return l.state.health() }

// failed notes the error of a statement. Where the database is a standby now
// the primary is elsewhere, and where no answer came other connections are as
// likely to be dead.
func (l *Log) failed(err error) {
	switch {
	case code(err) == "25006":
		l.state.writable(errReadOnly)
		l.db.reset()
	case errors.Is(err, context.DeadlineExceeded):
		l.db.reset()
	}
}
