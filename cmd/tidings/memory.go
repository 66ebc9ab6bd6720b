package main

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/tidings-dev/tidings"
)

// Memory is given back when many streams have begun or ended and that is over:
// what a request takes is several times what its stream needs while it waits,
// and the collector would keep it for what may come.
const (
	memoryLook = 3 * time.Second
	memoryMany = 500
)

// giveBack gives memory back from time to time, until ctx ends.
func giveBack(ctx context.Context, hub *tidings.Hub) {
	ticker := time.NewTicker(memoryLook)
	defer ticker.Stop()
	for m := new(memory); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if m.due(hub.Stats().Subscribers) {
			debug.FreeOSMemory()
		}
	}
}

// A memory is how many streams there were: when memory was given back, and when
// it was looked the last time.
type memory struct{ given, before int }

// due reports whether memory is to be given back, when there are n streams.
func (m *memory) due(n int) bool {
	calm, many := abs(n-m.before) < memoryMany/10, abs(n-m.given) >= memoryMany
	m.before = n
	if calm && many {
		m.given = n
	}
	return calm && many
}

func abs(n int) int { return max(n, -n) }
