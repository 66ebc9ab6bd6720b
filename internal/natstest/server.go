package natstest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Start starts a server with JetStream, on a port of its own of the loopback
// interface, which ends with the test. It keeps its streams in dir.
func Start(t testing.TB, dir string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, MaxPayload: 8 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { Stop(s) })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not take connections")
	}
	return s
}

// Stop ends a server, as SIGTERM would.
func Stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
