package tidings_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// onEveryLog runs a test of the hub on the memory log, and on a log that is
// not in memory, whose hub has a window much smaller than it.
func onEveryLog(t *testing.T, test func(t *testing.T, hub *tidings.Hub)) {
	t.Run("memory", func(t *testing.T) { test(t, newHub(t, nil, nil)) })
	t.Run("slice", func(t *testing.T) { test(t, newHub(t, tidingstest.NewSliceLog(nil), smallWindow())) })
}

// smallWindow are options for a window of a few dozen events.
func smallWindow() *tidings.Options { return &tidings.Options{WindowBytes: 16 << 10} }

// smallLog returns a memory log that retains little of each session.
func smallLog(t testing.TB, retain tidings.Retention) *tidings.MemoryLog {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: retain})
	t.Cleanup(func() { log.Close() })
	return log
}
