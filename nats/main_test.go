package nats_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/internal/natstest"
)

func TestMain(m *testing.M) {
	natstest.Main()
	goleak.VerifyTestMain(m)
}
