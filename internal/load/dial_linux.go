package load

import (
	"fmt"
	"net/netip"
	"syscall"
)

// dialPatience is how long a connection may take to open, in seconds.
const dialPatience = 10

// dial opens a connection, whose descriptor does not block then. Closed, it is
// reset: thousands that wait for their time to end would use up the ports of
// the next run. Where room is above zero the kernel keeps little more than so
// many bytes that were not read.
func dial(addr netip.AddrPort, room int) (int, error) {
	family, to := sockaddr(addr)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err = prepare(fd, room); err == nil {
		err = connect(fd, to)
	}
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		syscall.Close(fd)
		return -1, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return fd, nil
}

// connect waits until a socket is connected. A signal interrupts that and not the
// connecting, for which Linux waits when it is asked again.
func connect(fd int, to syscall.Sockaddr) (err error) {
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Connect(fd, to)
	}
	return err
}

// prepare sets the options of a socket.
func prepare(fd, room int) error {
	if room > 0 {
		if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, room); err != nil {
			return err
		}
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &syscall.Timeval{Sec: dialPatience}); err != nil {
		return err
	}
	return syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
}

// sockaddr returns an address as the kernel takes it.
func sockaddr(addr netip.AddrPort) (family int, to syscall.Sockaddr) {
	if addr.Addr().Is4() {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
	}
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
}

// localPort returns the port of this end of a connection.
func localPort(fd int) (uint16, error) {
	at, err := syscall.Getsockname(fd)
	switch a := at.(type) {
	case *syscall.SockaddrInet4:
		return uint16(a.Port), err
	case *syscall.SockaddrInet6:
		return uint16(a.Port), err
	}
	return 0, fmt.Errorf("getsockname: %w", err)
}
