package postgres_test

import (
	"context"
	"testing"

	"github.com/tidings-dev/tidings"
)

// TestABatchMayBeLargerThanManyPartitions holds although a transaction cannot
// make any number of tables.
func TestABatchMayBeLargerThanManyPartitions(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1
	l := b.open(t)
	receipts := keep(t, l, notes(5000)...)
	if got := receipts[len(receipts)-1].ID.Seq(); got != 5000 {
		t.Errorf("the last seq is %d, want 5000", got)
	}
}

// TestAnAppendIsKeptAlthoughAConnectionIsLostWhereItMakesPartitions ends the
// server's processes that do so, while they wait.
func TestAnAppendIsKeptAlthoughAConnectionIsLostWhereItMakesPartitions(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1
	l := b.open(t)
	keep(t, l, note("a", 0))
	s, locked := b.connect(t), b.connect(t)
	locked.exec("BEGIN")
	locked.exec("LOCK TABLE tidings.partition IN ACCESS EXCLUSIVE MODE")
	ended := make(chan error, 1)
	go func() { // ends with the append
		_, err := l.Append(context.Background(), notes(100))
		ended <- err
	}()
	for range 3 {
		eventually(t, "somebody who makes partitions", func() bool { return s.number(terminateExtending) > 0 })
	}
	locked.exec("COMMIT")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := len(read(t, l, tidings.ID{})); n != 101 {
		t.Errorf("the log has %d events, want 101", n)
	}
}

// terminateExtending ends who waits for making partitions.
const terminateExtending = `
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%extend(%'`
