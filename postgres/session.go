package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// errDatabase is a database that cannot have a log as it is, however often it is
// asked.
var errDatabase = errors.New("unusable database")

// checkEncoding returns why a database cannot have a log. Names and payloads are
// UTF-8: elsewhere some could not be kept, or were cut between bytes.
func checkEncoding(encoding string) error {
	if encoding == "UTF8" {
		return nil
	}
	return fmt.Errorf("postgres: %w: its encoding is %s, and a log needs UTF8: make a database with ENCODING 'UTF8' TEMPLATE template0", errDatabase, encoding)
}

// checkSession returns why the log cannot work in the sessions that it gets. What
// it cannot set where they are a pooler's has to be set for the role.
func checkSession(ctx context.Context, pool *pgxpool.Pool) error {
	var isolation, output string
	err := pool.QueryRow(ctx, `SELECT current_setting('transaction_isolation'), current_setting('bytea_output')`).Scan(&isolation, &output)
	switch {
	case err != nil:
		return explained("ask for settings", err)
	case isolation != "read committed":
		return fmt.Errorf("postgres: %w: its transactions are %s: %s", errDatabase, isolation, advice["TD002"])
	case output != "hex":
		return fmt.Errorf("postgres: %w: bytea_output is %s: set it to hex for the role", errDatabase, output)
	}
	return nil
}
