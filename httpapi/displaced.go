package httpapi

import (
	"time"

	"github.com/tidings-dev/tidings/internal/delivery"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/sse"
)

// patienceOfDisplaced is how many times as long as others a client waits that was
// displaced: what it would displace when it comes back is perhaps another of its
// own.
const patienceOfDisplaced = 10

// ended is the data of the notice for who was displaced.
var ended = []byte(`{"reason":"` + wire.TooManyConnections + `"}`)

// leave says good-bye where the connection does not count any more, and why if it
// was displaced.
func (s *stream) leave(b *delivery.Buffer) (err error) {
	err = s.gone()
	if err == errDisplaced {
		b.B = sse.AppendRetry(b.B, (patienceOfDisplaced * s.retry()).Truncate(time.Millisecond))
		b.B, _ = sse.AppendEvent(b.B, sse.Event{Name: wire.EndedName, Data: ended}) // never an error
	}
	return err
}

// gone returns why the connection does not count any more.
func (s *stream) gone() error {
	if s.guard.Displaced() {
		return errDisplaced
	}
	if err := s.lease.ended(time.Now()); err != nil {
		return err
	}
	return errUnregistered
}
