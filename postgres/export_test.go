package postgres

import "context"

// DiscardThrough discards whole partitions until nothing up to seq is left,
// and what is in the partition of seq with it.
func (l *Log) DiscardThrough(ctx context.Context, seq uint64) error {
	err := l.do(ctx, `UPDATE tidings.head SET least = greatest(least, p.past) FROM tidings.partition p
WHERE $1 >= p.first AND $1 < p.past`, int64(seq))
	if err == nil {
		err = l.extend(ctx, 0)
	}
	for more := true; more && err == nil; {
		var again bool
		if err = l.row(ctx, &again, `SELECT tidings.discard(1, 0)`); err == nil {
			err = l.row(ctx, &more, `SELECT min(first) <= $1 FROM tidings.partition`, int64(seq))
		}
	}
	return err
}
