package nats_test

import (
	"context"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
)

// publishVariable is where a process finds that it is one that publishes, and
// where.
const publishVariable = "TIDINGS_TEST_PUBLISH"

// publishForEver appends 10,000 events of 200 bytes in a second.
func publishForEver(url string) error {
	l, err := nats.Open(context.Background(), url, nil)
	if err != nil {
		return err
	}
	const publishers, pause = 20, 2 * time.Millisecond
	failed := make(chan error)
	for range publishers {
		go func() {
			event := tidings.Event{User: "alice", Channel: tidings.System, Data: make([]byte, 200)}
			for range time.Tick(pause) {
				if _, err := l.Append(context.Background(), []tidings.Event{event}); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}
