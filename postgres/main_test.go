package postgres_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/internal/logproc"
)

// TestMain has more tests run at once than there are processors: they wait,
// most of the time. A flag of the command line prevails.
func TestMain(m *testing.M) {
	logproc.Main(openAs)
	flag.Set("test.parallel", "8")
	goleak.VerifyTestMain(m)
}
