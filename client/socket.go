package client

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// unixPrefix begins the address of a server on a Unix socket.
const unixPrefix = "unix:"

// sockets are the paths of Unix sockets, by the addresses that stand for them: of
// this machine, with ports that there are not.
type sockets map[string]string

// base returns what stands for the socket of an address, or false if that is none.
func (s sockets) base(address string) (*url.URL, bool) {
	path, ok := strings.CutPrefix(address, unixPrefix)
	if path = strings.TrimPrefix(path, "//"); !ok || path == "" {
		return nil, false
	}
	host := "localhost:" + strconv.Itoa(1<<16+len(s))
	s[host] = path
	return &url.URL{Scheme: "http", Host: host}, true
}

// dialing returns a dialer that connects to sockets where they are meant.
func (s sockets) dialing(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if path, ok := s[address]; ok {
			network, address = "unix", path
		}
		return dial(ctx, network, address)
	}
}
