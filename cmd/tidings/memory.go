package main

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/tidings-dev/tidings"
)

// A memory is what is given back when many streams have begun or ended and that
// is over: what a request takes is several times what its stream needs while it
// waits, and the collector would keep it for what may come.
type memory struct {
	changes atomic.Int64 // streams that began, and that ended
	looked  int64        // of them when it was looked the last time,
	given   int64        // and when memory was given back
}

const (
	memoryLook = 3 * time.Second
	memoryMany = 500
)

// hooks returns what tells m of streams.
func (m *memory) hooks() tidings.Hooks {
	count := func(tidings.Selector) { m.changes.Add(1) }
	return tidings.Hooks{Subscribed: count, Unsubscribed: count}
}

// giveBack gives memory back from time to time, until ctx ends.
func (m *memory) giveBack(ctx context.Context) {
	ticker := time.NewTicker(memoryLook)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if m.due() {
			debug.FreeOSMemory()
		}
	}
}

// due reports whether memory is to be given back.
func (m *memory) due() bool {
	now := m.changes.Load()
	calm, many := now-m.looked < memoryMany/10, now-m.given >= memoryMany
	m.looked = now
	if calm && many {
		m.given = now
	}
	return calm && many
}
