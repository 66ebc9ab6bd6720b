package nats_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/internal/logproc"
	"github.com/tidings-dev/tidings/internal/natstest"
)

func TestMain(m *testing.M) {
	natstest.Main()
	logproc.Main(openAs)
	if url := os.Getenv(publishVariable); url != "" {
		fmt.Fprintln(os.Stderr, publishForEver(url))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}
