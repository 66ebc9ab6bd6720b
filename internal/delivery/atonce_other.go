//go:build !linux

package delivery

import (
	"net"
	"syscall"
)

// plainSocket returns nil: here Go writes to every connection.
func plainSocket(net.Conn) syscall.RawConn { return nil }

// atOnce writes nothing.
func atOnce(syscall.RawConn, []byte) int { return 0 }
