package load

import (
	"encoding/binary"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// A reader that does not read is not told that it was cut: what the server
// still has for it stands between it and the end. The kernel knows of the
// server's end of the connection, if that is on this machine (sock_diag(7)).

// Sizes and numbers of sock_diag(7) and netlink(7) that the package syscall
// does not have.
const (
	netlinkSockDiag  = 4
	sockDiagByFamily = 20
	diagRequestSize  = syscall.NLMSG_HDRLEN + 56
	diagAnswerSize   = 72
	diagPorts        = 4 // offset of the two ports in an answer

	// States of a connection whose near end is closed: FIN_WAIT1, FIN_WAIT2,
	// LAST_ACK and CLOSING.
	closedStates = 1<<4 | 1<<5 | 1<<9 | 1<<11
)

// lookAfterStalled takes note of the stalled readers that were cut.
func (r *run) lookAfterStalled() error {
	closed, err := closedTo(r.streams.addr.Port())
	if err != nil {
		return fmt.Errorf("ask the kernel for closed connections: %w", err)
	}
	for i := range r.subs {
		s := &r.subs[i]
		if s.mute && s.state == running && slices.Contains(closed, s.port) {
			r.close(s)
			r.noteCut()
		}
	}
	return nil
}

// noteCut takes note of when a reader was cut.
func (r *run) noteCut() { r.cuts = append(r.cuts, time.Since(r.feeding)) }

// addStalled adds to a report what became of stalled readers.
func (r *run) addStalled(report *Report) {
	if r.o.Stalled == 0 {
		return
	}
	report.Stalled = &StalledReport{Readers: r.o.Stalled, Cut: len(r.cuts)}
	if n := len(r.cuts); n > 0 {
		slices.Sort(r.cuts)
		report.Stalled.First, report.Stalled.Median, report.Stalled.Last = r.cuts[0].Seconds(), r.cuts[n/2].Seconds(), r.cuts[n-1].Seconds()
	}
}

// closedTo returns the far ports of connections from a port of this machine
// whose end there is closed.
func closedTo(port uint16) (ports []uint16, err error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	for _, family := range []byte{syscall.AF_INET, syscall.AF_INET6} {
		found, err := closedOf(fd, family, port)
		if err != nil {
			return nil, err
		}
		ports = append(ports, found...)
	}
	return ports, nil
}

// closedOf returns those of one family of addresses.
func closedOf(fd int, family byte, port uint16) (ports []uint16, err error) {
	if err := syscall.Sendto(fd, diagRequest(family), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return nil, err
	}
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := syscall.Recvfrom(fd, buffer, 0)
		if err != nil {
			return nil, err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:n])
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == syscall.NLMSG_DONE:
				return ports, nil
			case m.Header.Type == syscall.NLMSG_ERROR:
				return nil, fmt.Errorf("netlink: %w", syscall.Errno(-int32(binary.NativeEndian.Uint32(m.Data))))
			case len(m.Data) >= diagAnswerSize && binary.BigEndian.Uint16(m.Data[diagPorts:]) == port:
				ports = append(ports, binary.BigEndian.Uint16(m.Data[diagPorts+2:]))
			}
		}
	}
}

// diagRequest returns a request for all closed connections of TCP.
func diagRequest(family byte) []byte {
	b := make([]byte, diagRequestSize)
	binary.NativeEndian.PutUint32(b, diagRequestSize)
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_DUMP)
	b[syscall.NLMSG_HDRLEN] = family
	b[syscall.NLMSG_HDRLEN+1] = syscall.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[syscall.NLMSG_HDRLEN+4:], closedStates)
	return b
}
