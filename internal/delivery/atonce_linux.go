package delivery

import (
	"net"
	"sync"
	"syscall"
)

// An attempt is a write of what a socket takes at once. There are few: who holds
// one is writing.
type attempt struct {
	p   []byte
	n   int
	iov [1]syscall.Iovec
	run func(fd uintptr) // is write
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.run = a.write
	return a
}}

// plainSocket returns the socket of c if nothing stands between, or nil. No write
// to it blocks, whoever had c before.
func plainSocket(c net.Conn) syscall.RawConn {
	raw, err := socket(c)
	if err != nil {
		return nil
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.SetNonblock(int(fd), true) }); err != nil || failed != nil {
		return nil
	}
	return raw
}

// atOnce writes as much of p, which is not empty, as a socket takes at once, and
// returns how much that is: none if anything is the matter, of which whoever
// writes the rest hears. Like send it does not tell Go's scheduler, which sends
// another thread to look after calls that it knows of: without it an eighth of
// what a broadcast costs were switches to that thread.
func atOnce(socket syscall.RawConn, p []byte) int {
	a := attempts.Get().(*attempt)
	defer attempts.Put(a)
	a.p, a.n = p, 0
	err := socket.Control(a.run)
	a.p = nil
	if err != nil {
		return 0
	}
	return a.n
}

// write is one call of the system.
func (a *attempt) write(fd uintptr) {
	a.iov[0].Base = &a.p[0]
	a.iov[0].SetLen(len(a.p))
	if n, err := send(int(fd), a.iov[:]); err == 0 {
		a.n = n
	}
	a.iov[0].Base = nil
}
