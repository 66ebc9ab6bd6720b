package natstest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// StartConfig starts a server with JetStream that is configured by a text as in
// its configuration file, on a port of its own of the loopback interface. It ends
// with the test, and keeps its streams in dir.
func StartConfig(t testing.TB, dir, config string) *server.Server {
	t.Helper()
	o := new(server.Options)
	if err := o.ProcessConfigString(config); err != nil {
		t.Fatal(err)
	}
	o.Host, o.Port, o.JetStream, o.StoreDir, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, dir, true, true
	s, err := server.NewServer(o)
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
