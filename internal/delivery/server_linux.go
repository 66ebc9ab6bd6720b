package delivery

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// A Server sends the streams of many connections. All methods may be called
// concurrently.
type Server struct {
	opts    Options
	began   time.Time
	writers []*writer
	loads   loads
	running sync.WaitGroup // writers, pollers and Fills that block
}

// New returns a Server, which has to be closed. Options may be nil. On systems
// other than Linux the error matches errors.ErrUnsupported.
func New(o *Options) (*Server, error) { return newServer(o, send) }

func newServer(o *Options, send sendFunc) (*Server, error) {
	s := &Server{opts: o.withDefaults(), began: time.Now()}
	s.loads.init(s.opts.Loads, &s.running)
	for range s.opts.Writers {
		w, err := newWriter(s, send)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("delivery: %w", err)
		}
		s.writers = append(s.writers, w)
		s.running.Go(w.run)
		s.running.Go(w.poller.run)
	}
	return s, nil
}

// Serve takes over c, which must be a *net.TCPConn or a *net.UnixConn of a
// stream, and sends what the Stream fills that start returns. start is called
// once, before Serve returns, and may already pass the Conn to whoever wakes
// it; Fill follows at once. What c receives is never read.
//
// After an error c is untouched, and there is no stream: start was not called,
// or returned nil. The error matches errors.ErrUnsupported if c is another kind
// of connection, and ErrClosed after Close.
func (s *Server) Serve(c net.Conn, start func(*Conn) Stream) error {
	fd, err := duplicate(c)
	if err != nil {
		return err
	}
	w := s.leastBusy()
	if !w.reserve() {
		_ = syscall.Close(fd)
		return ErrClosed
	}
	conn := newConn(w, fd)
	if err := conn.start(w, start); err != nil {
		return err
	}
	limitUnsent(c)
	_ = c.Close() // the system goes on with the duplicate, Go's poller lets go
	w.push(conn)
	return nil
}

// Connections returns how many connections there are. One whose stream has
// ended counts until its client has closed it too.
func (s *Server) Connections() int {
	n := 0
	for _, w := range s.writers {
		n += int(w.connections.Load())
	}
	return n
}

// Ask has the Tick of all streams called soon, whatever they returned when it was
// called before.
func (s *Server) Ask() {
	for _, w := range s.writers {
		w.asked.Store(true)
		w.nudge()
	}
}

// Close ends all streams with ErrClosed and returns when their Close and all
// Fills have returned, and no goroutine and no descriptor is left. What clients
// have not accepted yet is not sent. It may be called again.
func (s *Server) Close() {
	for _, w := range s.writers {
		w.close()
	}
	s.running.Wait()
}

// leastBusy returns the writer with the fewest connections, so that they stay
// spread however connections come and go.
func (s *Server) leastBusy() *writer {
	least := s.writers[0]
	for _, w := range s.writers[1:] {
		if w.connections.Load() < least.connections.Load() {
			least = w
		}
	}
	return least
}

// duplicate returns a descriptor of the socket of c that Go's poller does not
// know. That no write to it blocks does not depend on who had c before.
func duplicate(c net.Conn) (int, error) {
	raw, err := socket(c)
	if err != nil {
		return 0, err
	}
	var fd uintptr
	var failed syscall.Errno
	err = raw.Control(func(of uintptr) {
		fd, _, failed = syscall.Syscall(syscall.SYS_FCNTL, of, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil && failed != 0 {
		err = failed
	}
	if err != nil {
		return 0, fmt.Errorf("delivery: duplicate a descriptor: %w", err)
	}
	if err := syscall.SetNonblock(int(fd), true); err != nil {
		_ = syscall.Close(int(fd))
		return 0, fmt.Errorf("delivery: make a descriptor non-blocking: %w", err)
	}
	return int(fd), nil
}

// socket returns the socket of a connection that is a stream of bytes.
func socket(c net.Conn) (syscall.RawConn, error) {
	switch c := c.(type) {
	case *net.TCPConn:
		return c.SyscallConn()
	case *net.UnixConn:
		if c.LocalAddr().Network() == "unix" {
			return c.SyscallConn()
		}
	}
	return nil, fmt.Errorf("delivery: a %T cannot be taken over, only streams of TCP and Unix: %w", c, errors.ErrUnsupported)
}
