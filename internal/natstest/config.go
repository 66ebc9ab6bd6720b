package natstest

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// StartConfig starts a server as [Start] does, that is configured by a text as in
// its configuration file.
func StartConfig(t testing.TB, dir, config string) *server.Server {
	t.Helper()
	return Start(t, dir, func(o *server.Options) {
		preset := *o
		if err := o.ProcessConfigString(config); err != nil {
			t.Fatal(err)
		}
		o.Host, o.Port, o.JetStream, o.StoreDir = preset.Host, preset.Port, preset.JetStream, preset.StoreDir
	})
}
