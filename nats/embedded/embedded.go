package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
)

// A Log is a log in a directory. All methods may be called concurrently.
type Log struct {
	*nats.Log
	server    *server.Server
	directory *directory
	life      context.Context // ends with Close
	end       context.CancelFunc
	work      sync.WaitGroup // who keeps the note
	closing   sync.Once
	closed    error
}

var _ tidings.Log = (*Log)(nil)

// Open returns the log in a data directory, which only one process can have at a
// time. It is made if it is not there; one with files that are not a log's is
// refused.
func Open(ctx context.Context, dir string, opts *Options) (_ *Log, err error) {
	o := opts.withDefaults()
	l := new(Log)
	if l.directory, err = takeDirectory(dir); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	if err := l.start(ctx, &o); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded: the log in %s: %w", dir, err), l.stopServer(), l.directory.release())
	}
	l.work.Go(func() { l.keepNote(l.life, max(noteEvery, 2*o.SyncInterval)) })
	return l, nil
}

// startTimeout is how long a server may take to read what it has.
const startTimeout = time.Minute

// start starts the server and opens the log in it.
func (l *Log) start(ctx context.Context, o *Options) (err error) {
	l.life, l.end = context.WithCancel(context.Background())
	if err := l.directory.checkBlocks(o.Log.AcceptLoss); err != nil {
		return err
	}
	if l.server, err = newServer(l.directory.store(), o); err != nil {
		return err
	}
	l.server.Start()
	if !l.server.ReadyForConnections(startTimeout) {
		return fmt.Errorf("the server did not start in %v: see what it logged", startTimeout)
	}
	noted, err := l.directory.readNote()
	if err != nil {
		return err
	}
	if !noted.Head.IsZero() && !o.Log.AcceptLoss {
		if err := l.wantStream(ctx, o.Log.Stream); err != nil {
			return err
		}
	}
	if l.Log, err = nats.Open(ctx, "", &o.Log, client.InProcessServer(l.server)); err != nil {
		return err
	}
	return l.checkNote(ctx, noted, o.Log.AcceptLoss)
}

// wantStream returns an error if the server does not have the stream that was here.
func (l *Log) wantStream(ctx context.Context, name string) error {
	nc, err := client.Connect("", client.InProcessServer(l.server))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	_, err = js.Stream(ctx, cmp.Or(name, nats.DefaultStream))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w: the server cannot read its files: put a backup in place, or open the log with AcceptLoss to begin a new one", nats.ErrDamaged)
	}
	return err
}

// newServer returns a server that nobody outside of the process reaches.
func newServer(store string, o *Options) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "tidings", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: store, SyncInterval: o.SyncInterval, SyncAlways: o.SyncAlways,
		MaxPayload: maxPayload, MaxPending: 4 * maxPayload,
	})
	if err != nil {
		return nil, fmt.Errorf("the server: %w", err)
	}
	s.SetLoggerV2(&serverLog{o.Log.Logger}, false, false, false)
	return s, nil
}

// maxPayload is more than any event, with its headers.
const maxPayload = 8 << 20

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
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
	return err
}

// A serverLog passes on what a server says that an operator acts on.
type serverLog struct{ to *slog.Logger }

func (s *serverLog) Noticef(string, ...any) {}
func (s *serverLog) Debugf(string, ...any)  {}
func (s *serverLog) Tracef(string, ...any)  {}
func (s *serverLog) Warnf(format string, v ...any) {
	s.to.Warn("NATS: " + fmt.Sprintf(format, v...))
}
func (s *serverLog) Errorf(format string, v ...any) {
	s.to.Error("NATS: " + fmt.Sprintf(format, v...))
}
func (s *serverLog) Fatalf(format string, v ...any) {
	s.to.Error("NATS: " + fmt.Sprintf(format, v...))
}
