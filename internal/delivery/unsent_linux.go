package delivery

import (
	"net"
	"syscall"
)

// maxUnsent is how many bytes of a connection the system keeps at most that it
// could not send yet, and somewhat more. Otherwise it takes megabytes for each
// client that does not read: memory of the system, all of whose connections slow
// down when there is little of it, and that client would be held for a slow one
// only when it is full.
const maxUnsent = MaxFill / 2

// tcpNotSentLowAt is TCP_NOTSENT_LOWAT, see tcp(7).
const tcpNotSentLowAt = 25

// limitUnsent has the system keep no more than that. Where it cannot, it keeps
// what it likes.
func limitUnsent(c net.Conn) {
	tcp, ok := innermost(c).(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowAt, maxUnsent)
		})
	}
}
