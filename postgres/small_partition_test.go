package postgres_test

import "testing"

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
