package herd

import (
	"errors"
	"net"
)

// A listener gives a turn before it accepts.
type listener struct {
	net.Listener
	turn *Turn
}

// InTurns returns a listener that accepts what l does, but lets everybody else
// have a turn before each connection: while thousands connect, the next one is
// there already, and so is its request, and a request on a connection that was
// accepted before would wait until all of them are served. Close closes l.
func InTurns(l net.Listener) net.Listener {
	turn, err := NewTurn()
	if err != nil {
		return l
	}
	return &listener{l, turn}
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	l.turn.Give()
	return l.Listener.Accept()
}

// Close closes the listener.
func (l *listener) Close() error { return errors.Join(l.Listener.Close(), l.turn.Close()) }
