package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
)

// A server that could not write to its disk once never writes again, and does not
// answer who publishes; what it has can be read. So it is watched: who appends is
// told, and when the disk can be written again the server is replaced.

// A disk is whether the disk can be written. All methods may be called
// concurrently.
type disk struct {
	mu  sync.Mutex // guards err
	err error      // why it cannot
}

// failed takes note of why the disk cannot be written, and reports whether that is
// news.
func (d *disk) failed(err error) (news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return false
	}
	d.err = fmt.Errorf("embedded: %w: the data directory cannot be written: %w; free space on its disk, or see what is wrong with it",
		tidings.ErrUnavailable, err)
	return true
}

// recovered takes note that it can be written.
func (d *disk) recovered() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = nil
}

// why returns why it cannot be written, or nil.
func (d *disk) why() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Pauses between looks at the disk.
const (
	firstPause = 250 * time.Millisecond
	mostPause  = 2 * time.Second
)

// watch sees to it that the log goes on after its disk could not be written, until
// the log is closed.
func (l *Log) watch() {
	pause := firstPause
	for {
		select {
		case <-l.host.errors:
		case <-time.After(pause):
		case <-l.life.Done():
			return
		}
		if err := l.look(); err != nil {
			pause = min(2*pause, mostPause)
		} else {
			pause = firstPause
		}
	}
}

// look looks whether the disk can be written, and replaces the server if that was
// not so and is.
func (l *Log) look() error {
	broken := l.host.broken()
	if broken == nil {
		return nil
	}
	if l.disk.failed(broken) {
		l.opts.Log.Logger.Error("events cannot be kept", "err", l.disk.why())
	}
	l.Interrupt(l.disk.why())
	if err := l.directory.tryWriting(); err != nil {
		return err
	}
	if err := l.host.restart(); err != nil {
		return err
	}
	l.disk.recovered()
	l.opts.Log.Logger.Info("events can be kept again")
	return broken // if it was not the disk it is broken again, and is to be left alone for longer
}

// trialBytes is how much has to fit on a disk that is taken for one with room.
const trialBytes = 16 << 20

// tryWriting sees whether the disk has room.
func (d *directory) tryWriting() (err error) {
	f, err := os.CreateTemp(d.path, "trial.")
	if err != nil {
		return err
	}
	piece := make([]byte, 1<<20)
	for n := 0; n < trialBytes && err == nil; n += len(piece) {
		_, err = f.Write(piece)
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}

// Append keeps events, see [tidings.Log]. While the directory cannot be written it
// fails at once, with an error that matches tidings.ErrUnavailable; what is under
// way when that begins fails with one that matches tidings.ErrUnknownOutcome too.
func (l *Log) Append(ctx context.Context, events []tidings.Event) ([]tidings.Receipt, error) {
	if err := l.disk.why(); err != nil {
		return nil, err
	}
	return l.Log.Append(ctx, events)
}

// Purge discards everything of an owner, see [tidings.Purger]. It fails as Append
// does.
func (l *Log) Purge(ctx context.Context, user string) (tidings.ID, error) {
	if err := l.disk.why(); err != nil {
		return tidings.ID{}, err
	}
	return l.Log.Purge(ctx, user)
}

// Health returns what is known, see [tidings.Diagnosed]. Its error matches
// tidings.ErrUnavailable while the directory cannot be written.
func (l *Log) Health() tidings.Health {
	h := l.Log.Health()
	if err := l.disk.why(); err != nil {
		h.Err = err
	}
	return h
}
