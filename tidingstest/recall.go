package tidingstest

import (
	"context"
	"fmt"

	"github.com/tidings-dev/tidings"
)

// A RecallingLog is a [SliceLog] that knows its most recent events by size: a
// [tidings.Hub] over one begins with its window filled. See
// [SliceLog.Recalling].
type RecallingLog struct{ *SliceLog }

var (
	_ tidings.Log      = (*RecallingLog)(nil)
	_ tidings.Recaller = (*RecallingLog)(nil)
)

// Recalling returns the same log as a [tidings.Recaller]. Faults and gates of
// the one are those of the other.
func (l *SliceLog) Recalling() *RecallingLog { return &RecallingLog{l} }

// Recent implements [tidings.Recaller]. It fails as Bounds does.
func (l *RecallingLog) Recent(ctx context.Context, bytes int64) (tidings.ID, error) {
	if _, _, err := l.Bounds(ctx); err != nil {
		return tidings.ID{}, fmt.Errorf("recent: %w", err)
	}
	return l.slice.recent(bytes), nil
}

// recent returns the position of the newest event that does not fit into so
// many bytes with all that follow it, or the floor.
func (s *slice) recent(bytes int64) tidings.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.events) - 1; i >= 0; i-- {
		e := &s.events[i]
		bytes -= int64(tidings.RecallCost + len(e.Data) + len(e.Key) + len(e.Type) + len(e.Trace))
		if bytes < 0 {
			return e.ID
		}
	}
	return s.floor
}
