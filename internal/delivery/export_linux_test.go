package delivery

import (
	"syscall"
	"unsafe"
)

// ConnSize is what a connection costs besides its slot.
const ConnSize = unsafe.Sizeof(Conn{})

// ErrNoStream is what Serve returns for a nil Stream.
var ErrNoStream = errNoStream

// Send is how the system is written to.
var Send = send

// NewSending is New with a write of one's own. It is called by a writer.
func NewSending(o *Options, send func(fd int, iov []syscall.Iovec) (int, syscall.Errno)) (*Server, error) {
	return newServer(o, send)
}

// Bytes returns what an element of a vector is about.
func Bytes(v syscall.Iovec) []byte { return unsafe.Slice(v.Base, v.Len) }

// FD is the connection's descriptor.
func (c *Conn) FD() int { return int(c.fd) }

// Rearm makes the poller tell again that there is room in a socket. It is for
// writes of one's own, on the goroutine of the only writer.
func (s *Server) Rearm(fd int) error {
	w := s.writers[0]
	for _, c := range w.roster.members {
		if c != nil && int(c.fd) == fd {
			return syscall.EpollCtl(w.poller.fd, syscall.EPOLL_CTL_MOD, fd, c.interest())
		}
	}
	return syscall.EBADF
}

// PerWriter returns how many connections each writer has.
func (s *Server) PerWriter() []int {
	var n []int
	for _, w := range s.writers {
		n = append(n, int(w.connections.Load()))
	}
	return n
}

// SlotsInUse is for a server that is closed: how many slots of its writers
// are not free.
func (s *Server) SlotsInUse() int {
	n := 0
	for _, w := range s.writers {
		n += len(w.roster.members) - len(w.roster.unused)
		for _, c := range w.roster.members {
			if c != nil {
				n++
			}
		}
	}
	return n
}

// Replay sends b by writes that take what take returns, of as much as is
// offered, and returns what they took. After each b is used for something
// else, as a writer does.
func Replay(b *Buffer, take func(offered int) int) []byte {
	var taken []byte
	var iov [3]syscall.Iovec
	for parts := appendParts(nil, b); len(parts) > 0; {
		used, offered := vector(iov[:], parts, 1000)
		n := take(offered)
		for left, v := n, iov[:used]; left > 0; v = v[1:] {
			p := Bytes(v[0])
			taken = append(taken, p[:min(left, len(p))]...)
			left -= min(left, len(p))
		}
		parts = keep(advance(parts, n))
		for i := range b.B {
			b.B[i] = 'x'
		}
	}
	return taken
}
