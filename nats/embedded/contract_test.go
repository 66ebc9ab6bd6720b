package embedded_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats/embedded"
	"github.com/tidings-dev/tidings/tidingstest"
)

// open opens the log in a directory and closes it at the end of the test.
func open(t testing.TB, dir string, opts *embedded.Options) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestLogKeepsTheContract(t *testing.T) {
	tidingstest.TestLog(t, tidingstest.Harness[*embedded.Log]{
		New:  func(t testing.TB) *embedded.Log { return open(t, t.TempDir(), nil) },
		Open: func(_ testing.TB, l *embedded.Log) tidings.Log { return l },
		Truncate: func(t testing.TB, l *embedded.Log, through tidings.ID) {
			if err := l.DiscardThrough(t.Context(), through.Seq()); err != nil {
				t.Fatal(err)
			}
		},
	})
}
