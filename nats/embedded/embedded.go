package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
)

// A Log is a log in a directory. All methods may be called concurrently.
type Log struct {
	*nats.Log
	server    *server.Server
	directory *directory
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
	if err = l.start(ctx, &o); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded: %w", err), l.stop())
	}
	return l, nil
}

// startTimeout is how long a server may take to read what it has.
const startTimeout = time.Minute

// start starts the server and opens the log in it.
func (l *Log) start(ctx context.Context, o *Options) (err error) {
	if l.server, err = newServer(l.directory.store(), o); err != nil {
		return err
	}
	l.server.Start()
	if !l.server.ReadyForConnections(startTimeout) {
		return fmt.Errorf("the server did not start in %v: see what it logged", startTimeout)
	}
	l.Log, err = nats.Open(ctx, "", &o.Log, client.InProcessServer(l.server))
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
const maxPayload = 16 << 20

// Close ends everything that waits for the log with ErrClosed, ends the server and
// lets others have the directory. It may be called more than once, also
// concurrently, and returns when nothing is left.
func (l *Log) Close() error {
	l.closing.Do(func() { l.closed = l.stop() })
	return l.closed
}

// stop ends what was started.
func (l *Log) stop() error {
	var err error
	if l.Log != nil {
		err = l.Log.Close()
	}
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
	return errors.Join(err, l.directory.release())
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
