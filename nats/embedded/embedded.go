package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
)

// A Log is a log in a directory. All methods may be called concurrently.
type Log struct {
	*nats.Log
	opts      Options
	host      *host
	disk      *disk
	directory *directory
	life      context.Context // ends with Close
	end       context.CancelFunc
	work      sync.WaitGroup // who watches the disk, and who keeps the note
	closing   sync.Once
	closed    error
}

var (
	_ tidings.Log       = (*Log)(nil)
	_ tidings.Purger    = (*Log)(nil)
	_ tidings.Diagnosed = (*Log)(nil)
)

// Open returns the log in a data directory, which only one process can have at a
// time. It is made if it is not there; one with files that are not a log's is
// refused.
func Open(ctx context.Context, dir string, opts *Options) (_ *Log, err error) {
	l := &Log{opts: opts.withDefaults(), disk: new(disk)}
	if l.directory, err = takeDirectory(dir); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	l.life, l.end = context.WithCancel(context.Background())
	if err := l.start(ctx); err != nil {
		l.end()
		l.work.Wait()
		return nil, errors.Join(fmt.Errorf("embedded: the log in %s: %w", dir, err), l.stopServer(), l.directory.release())
	}
	l.work.Go(func() { l.keepNote(l.life, max(noteEvery, 2*l.opts.SyncInterval)) })
	return l, nil
}

// start starts the server and opens the log in it.
func (l *Log) start(ctx context.Context) (err error) {
	o := &l.opts.Log
	stream := cmp.Or(o.Stream, nats.DefaultStream)
	gaps, err := l.directory.checkBlocks(stream, o.AcceptLoss)
	if err != nil {
		return err
	}
	l.host = newHost(l.directory.store(), &l.opts)
	if err := l.host.start(); err != nil {
		return err
	}
	noted, err := l.directory.readNote()
	if err != nil {
		return err
	}
	if !noted.Head.IsZero() && !o.AcceptLoss {
		if err := l.wantStream(ctx, stream); err != nil {
			return err
		}
	}
	if l.Log, err = nats.Open(ctx, "", o, client.InProcessServer(l.host)); err != nil {
		return err
	}
	l.work.Go(l.watch)
	if err := l.Missing(ctx, gaps); err != nil {
		return err
	}
	return l.checkNote(ctx, noted, o.AcceptLoss)
}

// wantStream returns an error if the server does not have the stream that was here.
func (l *Log) wantStream(ctx context.Context, name string) error {
	nc, err := client.Connect("", client.InProcessServer(l.host))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	_, err = js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w: the server cannot read its files: put a backup in place, or open the log with AcceptLoss to begin a new one", nats.ErrDamaged)
	}
	return err
}

// Close ends everything that waits for the log with ErrClosed, ends the server and
// lets others have the directory. It may be called more than once, also
// concurrently, and returns when nothing is left.
func (l *Log) Close() error {
	l.closing.Do(func() { l.closed = l.stop() })
	return l.closed
}

// stop notes how far the log went and ends what was started.
func (l *Log) stop() error {
	l.end()
	l.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	floor, head, unknown := l.Bounds(ctx)
	err := l.stopServer()
	if unknown == nil {
		err = errors.Join(err, l.directory.writeNote(note{floor, head}))
	}
	return errors.Join(err, l.directory.release())
}

// stopServer ends the log and the server, as far as they were started.
func (l *Log) stopServer() (err error) {
	if l.Log != nil {
		err = l.Log.Close()
	}
	if l.host != nil {
		l.host.stop()
	}
	return err
}
