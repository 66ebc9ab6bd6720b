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
	for given, before := 0, 0; ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := hub.Stats().Subscribers
		if calm := abs(now-before) < memoryMany/10; calm && abs(now-given) >= memoryMany {
			debug.FreeOSMemory()
			given = now
		}
		before = now
	}
}

func abs(n int) int { return max(n, -n) }
