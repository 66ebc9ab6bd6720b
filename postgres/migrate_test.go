package postgres_test

import (
	"sync"
	"testing"

	"github.com/tidings-dev/tidings/postgres"
)

func TestTenReplicasMayStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	b := newBackend(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			l, err := postgres.Open(t.Context(), b.url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			l.Close()
		})
	}
	all.Wait()
	v, err := postgres.CheckVersion(t.Context(), b.url, "")
	if err != nil || !v.Current() || v.Have != v.Want {
		t.Errorf("got %+v, %v", v, err)
	}
}
