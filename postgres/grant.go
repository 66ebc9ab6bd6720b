package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// GrantPublish lets a role publish from SQL, by tidings_publish, and nothing
// else: it cannot read events, not even its own. An empty schema means
// DefaultSchema. It may be called again.
func GrantPublish(ctx context.Context, url, schema, role string) error {
	return grant(ctx, url, schema, role, `
GRANT EXECUTE ON FUNCTION tidings.tidings_publish(text, text, text, text, text, text),
    tidings.tidings_publish(text, text, text, text, json, text),
    tidings.tidings_publish(text, text, text, text, jsonb, text) TO `)
}

// GrantServe lets a role do everything that Open needs with NoMigrate: read,
// append, move what is in the outbox, discard what is old. It cannot change the
// schema. An empty schema means DefaultSchema. Call it again after a migration.
func GrantServe(ctx context.Context, url, schema, role string) error {
	return grant(ctx, url, schema, role, `
GRANT SELECT ON tidings.migration, tidings.head, tidings.event, tidings.outbox, tidings.dead_letter TO `, `
GRANT EXECUTE ON FUNCTION
    tidings.append(uuid, text[], text[], text[], text[], text[], text[], bytea[], bigint, bigint),
    tidings.look(bigint, integer, integer, interval), tidings.recent(bigint, bigint),
    tidings.page(bigint, text, text[], text, text[], text[], integer, integer),
    tidings.move(bigint[], bigint[], text[], bigint, bigint), tidings.requeue(bigint[]), tidings.extend(bigint, bigint),
    tidings.sweep(interval, bigint, bigint, integer, bigint), tidings.forget(integer), tidings.discard(bigint, bigint), tidings.purge(text, bigint, bigint),
    tidings.tidings_publish(text, text, text, text, text, text),
    tidings.tidings_publish(text, text, text, text, json, text),
    tidings.tidings_publish(text, text, text, text, jsonb, text) TO `)
}

// grant gives a role the use of the schema, and what the statements say.
func grant(ctx context.Context, url, schema, role string, statements ...string) error {
	_, err := administer(ctx, url, schema, func(d *database, schema string) (Version, error) {
		return Version{}, pgx.BeginFunc(ctx, d.work, func(tx pgx.Tx) error {
			to := pgx.Identifier{role}.Sanitize()
			if _, err := tx.Exec(ctx, "GRANT USAGE ON SCHEMA "+string(quoted(schema))+" TO "+to); err != nil {
				return err
			}
			for _, s := range statements {
				if _, err := tx.Exec(ctx, quoted(schema).in(s)+to); err != nil {
					return err
				}
			}
			return granted(ctx, tx, schema, role)
		})
	})
	if err != nil {
		return explained("grant to "+role, err)
	}
	return nil
}

// errNotGranted is a GRANT of which PostgreSQL only warns.
var errNotGranted = errors.New("no right to grant: connect as who created the log")

// granted returns an error if the role may not use the schema, or not publish,
// which every grant is about.
func granted(ctx context.Context, q querier, schema, role string) error {
	var may bool
	err := q.QueryRow(ctx, `
SELECT has_schema_privilege($1::name, $2, 'USAGE')
   AND has_function_privilege($1::name, $3 || '.tidings_publish(text, text, text, text, text, text)', 'EXECUTE')`,
		role, schema, string(quoted(schema))).Scan(&may)
	if err == nil && !may {
		return errNotGranted
	}
	return err
}
