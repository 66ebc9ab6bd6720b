package main

import (
	"io/fs"
	"syscall"
)

// permit returns what gives a socket its permissions before it has a path: nobody
// else connects in between, whatever the umask is.
func permit(mode fs.FileMode) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if outer := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), uint32(mode)) }); outer != nil {
			return outer
		}
		return err
	}
}
