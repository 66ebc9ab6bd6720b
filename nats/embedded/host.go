package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startTimeout is how long a server may take to read what it has.
const startTimeout = time.Minute

// A host has a server that nobody outside of the process reaches, and can have
// another in its place. All methods may be called concurrently.
type host struct {
	store  string
	opts   *Options
	errors chan struct{} // has a value when a server said that something failed

	mu     sync.Mutex // guards what follows
	server *server.Server
}

func newHost(store string, o *Options) *host {
	return &host{store: store, opts: o, errors: make(chan struct{}, 1)}
}

// start starts a server.
func (h *host) start() error {
	s, err := server.NewServer(&server.Options{
		ServerName: "tidings", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: h.store, SyncInterval: h.opts.SyncInterval, SyncAlways: h.opts.SyncAlways,
		JetStreamMaxStore: math.MaxInt64 >> 8, // it would be three quarters of what is free now, whatever it has already
		MaxPayload:        h.maxPayload(), MaxPending: 4 * int64(h.maxPayload()),
	})
	if err != nil {
		return fmt.Errorf("the server: %w", err)
	}
	s.SetLoggerV2(&serverLog{h.opts.Log.Logger, h.errors}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		end(s)
		return fmt.Errorf("the server did not start in %v: see what it logged", startTimeout)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = s
	return nil
}

// maxPayload is more than any event, with its headers.
func (h *host) maxPayload() int32 {
	return int32(min(max(8<<20, 2*h.opts.Log.Limits.Event), 64<<20))
}

// stop ends the server, if there is one.
func (h *host) stop() {
	h.mu.Lock()
	s := h.server
	h.server = nil
	h.mu.Unlock()
	if s != nil {
		end(s)
	}
}

func end(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// restart has another server in the place of this one. Connections are lost.
func (h *host) restart() error {
	h.stop()
	return h.start()
}

// errEnded says that there is no server now.
var errEnded = errors.New("the server ended")

// InProcessConn connects a client with the server of now.
func (h *host) InProcessConn() (net.Conn, error) {
	s := h.current()
	if s == nil {
		return nil, errEnded
	}
	return s.InProcessConn()
}

func (h *host) current() *server.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.server
}

// broken says why the server cannot write any more, or that there is none. What
// else a server says of its health may be of a stream that is being made.
func (h *host) broken() error {
	s := h.current()
	if s == nil || !s.JetStreamEnabled() {
		return errEnded
	}
	if health := s.Healthz(nil); strings.Contains(health.Error, "write error") {
		return errors.New(health.Error)
	}
	return nil
}

// A serverLog passes on what a server says that an operator acts on.
type serverLog struct {
	to     *slog.Logger
	errors chan<- struct{}
}

func (s *serverLog) Noticef(string, ...any) {}
func (s *serverLog) Debugf(string, ...any)  {}
func (s *serverLog) Tracef(string, ...any)  {}
func (s *serverLog) Warnf(format string, v ...any) {
	s.to.Warn("NATS: " + fmt.Sprintf(format, v...))
}
func (s *serverLog) Errorf(format string, v ...any) {
	s.to.Error("NATS: " + fmt.Sprintf(format, v...))
	select {
	case s.errors <- struct{}{}:
	default:
	}
}
func (s *serverLog) Fatalf(format string, v ...any) {
	s.Errorf(format, v...)
}
