package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

func TestABouncerSharesSessions(t *testing.T) {
	t.Parallel()
	url := pgtest.NewBouncer(t, pgtest.Shared(t).Database(t), 1)
	ctx := context.Background()
	var pids [2]int
	for i := range pids {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		c, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		if err := c.QueryRow(ctx, "select pg_backend_pid()").Scan(&pids[i]); err != nil {
			t.Fatal(err)
		}
	}
	if pids[0] != pids[1] {
		t.Errorf("two connections at once have the sessions %v, want one", pids)
	}
}
