package natstest

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// Start starts a server with JetStream, on a port of its own of the loopback
// interface, which ends with the test. It keeps its streams in dir. What else
// options say of it is set by those who change them.
func Start(t testing.TB, dir string, change ...func(*server.Options)) *server.Server {
	t.Helper()
	s, err := newServer(dir, server.RANDOM_PORT, change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Stop(s) })
	return s
}

// newServer starts a server.
func newServer(dir string, port int, change ...func(*server.Options)) (*server.Server, error) {
	o := &server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, MaxPayload: 8 << 20,
	}
	for _, c := range change {
		c(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		return nil, fmt.Errorf("the server does not take connections at port %d", port)
	}
	return s, nil
}

// Stop ends a server, as SIGTERM would.
func Stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
