package load

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// A target is a place that takes requests of one kind: where it is, and the
// request, as a template.
type target struct {
	addr netip.AddrPort
	host string
	path string // a template
}

// newTarget returns what template says, which is a path of the server or a
// whole URL.
func newTarget(server, template, channel string) (target, error) {
	if !strings.Contains(template, "://") {
		template = strings.TrimSuffix(server, "/") + "/" + strings.TrimPrefix(template, "/")
	}
	rest, ok := strings.CutPrefix(template, "http://")
	if !ok {
		return target{}, fmt.Errorf("%q: want an address such as http://127.0.0.1:8080", template)
	}
	host, path, _ := strings.Cut(rest, "/")
	addr, err := resolve(host)
	if err != nil {
		return target{}, fmt.Errorf("%q: %w", template, err)
	}
	return target{addr, host, "/" + strings.ReplaceAll(path, "{channel}", url.QueryEscape(channel))}, nil
}

// resolve returns the address of a host with or without a port.
func resolve(host string) (netip.AddrPort, error) {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "80")
	}
	addr, err := net.ResolveTCPAddr("tcp", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ap := addr.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}

// named reports whether the template names an owner.
func (t *target) named() bool { return strings.Contains(t.path, "{user}") }

// subscribe appends a request for the stream of an owner, after a position
// unless that is empty.
func (t *target) subscribe(dst []byte, owner int, after string) []byte {
	dst = t.line(dst, "GET", owner)
	dst = append(dst, "Accept: text/event-stream\r\n"...)
	if after != "" {
		dst = append(dst, "Last-Event-ID: "+after+"\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// publish appends the head of a request with a body of a type and a size; a
// size below zero is a body in chunks.
func (t *target) publish(dst []byte, owner int, kind string, size int) []byte {
	dst = t.line(dst, "POST", owner)
	dst = append(dst, "Content-Type: "+kind+"\r\n"...)
	if size < 0 {
		return append(dst, "Accept: "+kind+"\r\nTransfer-Encoding: chunked\r\n\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(size), 10)
	return append(dst, "\r\n\r\n"...)
}

// line appends the request line and the header that all requests have.
func (t *target) line(dst []byte, method string, owner int) []byte {
	dst = append(dst, method+" "...)
	for path := t.path; ; {
		before, after, found := strings.Cut(path, "{user}")
		dst = append(dst, before...)
		if !found {
			break
		}
		dst = appendOwner(dst, owner)
		path = after
	}
	return append(append(append(dst, " HTTP/1.1\r\nHost: "...), t.host...), "\r\n"...)
}

// appendOwner appends the name of an owner, which is the same in every run.
func appendOwner(dst []byte, owner int) []byte {
	return strconv.AppendInt(append(dst, "bench-"...), int64(owner), 10)
}

// publication appends the line of an event as POST /v1/events takes it.
func publication(dst []byte, channel string, owner int, at int64, number, size int) []byte {
	dst = append(dst, `{"user":"`...)
	dst = appendOwner(dst, owner)
	dst = append(dst, `","channel":"`+channel+`","session":"bench","data":`...)
	dst = appendPayload(dst, at, number, size)
	return append(dst, '}')
}
