package tidings_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestMemoryLogKeepsTheContract(t *testing.T) {
	tidingstest.TestLog(t, tidingstest.Harness[*tidings.MemoryLog]{
		New: func(t testing.TB) *tidings.MemoryLog {
			log := tidings.NewMemoryLog(nil)
			t.Cleanup(func() { log.Close() })
			return log
		},
		Open:          func(_ testing.TB, log *tidings.MemoryLog) tidings.Log { return log },
		PassKeyWindow: func(_ testing.TB, log *tidings.MemoryLog) { log.ForgetKeys() },
		Truncate: func(_ testing.TB, log *tidings.MemoryLog, through tidings.ID) {
			log.DiscardThrough(through)
		},
	})
}
