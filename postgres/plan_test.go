package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// Plans are kept: one that was made while the tables were small enough to scan
// would scan them when they are large.
func TestNoTableIsScannedForAnEvent(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	if _, err := postgres.Migrate(t.Context(), url, ""); err != nil {
		t.Fatal(err)
	}
	connected(t, url, `SELECT tidings.extend(1000, 0)`, appendKeyed, `VACUUM ANALYZE`)
	// What a session counted is there from its beginning, or since it was last
	// collected: this one is new.
	conn := connected(t, url, `BEGIN`, appendKeyed, appendKeyed, `SELECT tidings.look(1, 1000, 1000000, '1 minute')`,
		`SELECT tidings.page(1, 'u', '{}', 'tidings.', '{}', '{}', 1000, 1000000)`,
		`SELECT tidings.page(1, NULL, '{}', 'tidings.', '{}', '{}', 1000, 1000000)`, `SELECT tidings.recent(1000000, 350)`)
	rows, _ := conn.Query(t.Context(), `
SELECT relname::text FROM pg_stat_xact_user_tables
WHERE schemaname = 'tidings' AND seq_scan > 0 AND relname NOT IN ('head', 'housekeeping') -- these have one row`)
	scanned, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(scanned) > 0 {
		t.Errorf("got scans of %q (%v), want none", scanned, err)
	}
}

// connected returns a connection that executed statements.
func connected(t *testing.T, url string, statements ...string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return conn
}

// appendKeyed appends an event with a new key and one with a known key.
const appendKeyed = `SELECT tidings.append(gen_random_uuid(), '{u,u}', '{agui,agui}', '{s,s}', '{T,T}',
    ARRAY['k', gen_random_uuid()::text], '{"",""}', '{"1","2"}', 120000000000, 120000000000)`
