//go:build !linux

package delivery

import (
	"errors"
	"fmt"
	"net"
	"runtime"
)

// errSystem says that New and Serve can do nothing here.
var errSystem = fmt.Errorf("delivery: not on %s, use NewPortable: %w", runtime.GOOS, errors.ErrUnsupported)

// A Server sends the streams of many connections; on this system it cannot.
type Server struct{}

// New returns an error that matches errors.ErrUnsupported.
func New(*Options) (*Server, error) { return nil, errSystem }

// Serve returns an error that matches errors.ErrUnsupported, and leaves c
// alone.
func (s *Server) Serve(c net.Conn, start func(*Conn) Stream) error { return errSystem }

// Connections returns 0.
func (s *Server) Connections() int { return 0 }

// Ask does nothing.
func (s *Server) Ask() {}

// Close does nothing.
func (s *Server) Close() {}

// A record is what a Server knows of a connection.
type record struct{}
