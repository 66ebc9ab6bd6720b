package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tidings-dev/tidings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration takes a schema from the version before to its own.
type migration struct {
	version    int
	name       string
	compatible int // the oldest version of a program that can work with it
	sql        string
}

// migrationsOf reads numbered files: 001_name.sql, the first line of which is
// "-- compatible: N".
func migrationsOf(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]migration, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		m := migration{version: i + 1, name: strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql"), sql: string(text)}
		header, _, _ := strings.Cut(m.sql, "\n")
		m.compatible, err = strconv.Atoi(strings.TrimPrefix(header, "-- compatible: "))
		if err != nil || !strings.HasPrefix(m.name, fmt.Sprintf("%03d_", m.version)) {
			return nil, fmt.Errorf("migration %s: want a number without a gap and a first line -- compatible: N", name)
		}
		all[i] = m
	}
	return all, nil
}

// A Version says how far a schema is migrated.
type Version struct {
	Schema     string
	Have       int      // the schema's version; 0 if there is none yet
	Want       int      // the version that this program brings
	Compatible int      // the oldest version of a program that can work with Have
	Pending    []string // the migrations that are missing
}

// Current reports whether nothing is pending. A schema that is newer than this
// program is current.
func (v *Version) Current() bool { return len(v.Pending) == 0 }

// check returns why this program cannot work with the schema, or nil.
func (v *Version) check() error {
	switch {
	case v.Have == 0:
		return fmt.Errorf("postgres: %w: there is no log in the schema %q: tidings postgres migrate makes one", errSchema, v.Schema)
	case !v.Current():
		return fmt.Errorf("postgres: %w: the log in the schema %q has version %d, this program needs %d: tidings postgres migrate brings it up to date", errSchema, v.Schema, v.Have, v.Want)
	case v.Compatible > v.Want:
		return fmt.Errorf("postgres: %w: the log in the schema %q has version %d, which needs a program that knows version %d, this one knows %d: use a newer one", errSchema, v.Schema, v.Have, v.Compatible, v.Want)
	}
	return nil
}

// errSchema is a schema that this program cannot work with, however often it
// asks.
var errSchema = errors.New("unusable schema")

// Migrate creates a log in a schema of the database that url names, or brings it
// up to date, and returns what it found; Pending are the migrations that it
// made. An empty schema means DefaultSchema. Any number of processes may call it
// at once. All is done in one transaction.
func Migrate(ctx context.Context, url, schema string) (Version, error) {
	return administer(ctx, url, schema, func(d *database, schema string) (Version, error) {
		return migrate(ctx, d.work, schema)
	})
}

// CheckVersion returns how far the schema is migrated, and changes nothing. An
// empty schema means DefaultSchema.
func CheckVersion(ctx context.Context, url, schema string) (Version, error) {
	return administer(ctx, url, schema, func(d *database, schema string) (Version, error) {
		return versionOf(ctx, d.work, schema)
	})
}

// administer calls do with connections of its own.
func administer(ctx context.Context, url, schema string, do func(*database, string) (Version, error)) (Version, error) {
	o, err := (&Options{Schema: schema, Pooled: true}).withDefaults()
	if err != nil {
		return Version{}, err
	}
	d, err := newDatabase(url, &o)
	if err != nil {
		return Version{}, err
	}
	defer d.close()
	return do(d, o.Schema)
}

// A querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// migrationTable reads the catalogues: to_regclass may say what was true before
// another process committed, until something of this session waits for a table.
const migrationTable = `
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = 'migration'), getdatabaseencoding()`

// versionOf asks for the version of a schema.
func versionOf(ctx context.Context, q querier, name string) (Version, error) {
	known, err := migrationsOf(migrationFiles)
	if err != nil {
		return Version{}, err
	}
	v := Version{Schema: name, Want: len(known)}
	var there bool
	var encoding string
	err = q.QueryRow(ctx, migrationTable, name).Scan(&there, &encoding)
	if err == nil {
		if err := checkEncoding(encoding); err != nil {
			return v, err
		}
	}
	if err == nil && there {
		err = q.QueryRow(ctx, quoted(name).in(`SELECT coalesce(max(version), 0), coalesce(max(compatible), 0) FROM tidings.migration`)).
			Scan(&v.Have, &v.Compatible)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return v, explained("ask for the version of schema "+name, err)
	}
	for _, m := range known[min(v.Have, len(known)):] {
		v.Pending = append(v.Pending, m.name)
	}
	return v, nil
}

// checkVersion returns why this program cannot work with a schema.
func checkVersion(ctx context.Context, pool *pgxpool.Pool, name string) error {
	v, err := versionOf(ctx, pool, name)
	if err != nil {
		return err
	}
	return v.check()
}

// migrate brings a schema up to date.
func migrate(ctx context.Context, pool *pgxpool.Pool, name string) (Version, error) {
	v, err := versionOf(ctx, pool, name)
	if err != nil || v.Current() {
		return v, err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
		v, err = migrateIn(ctx, tx, name)
		return err
	})
	if err != nil {
		return v, unmigrated(name, err)
	}
	return v, nil
}

// unmigrated wraps the error of a migration. A right that is missing for it is
// none that serving needs.
func unmigrated(name string, err error) error {
	what := todo(err)
	if code(err) == "42501" {
		what = "let the role create a schema, by GRANT CREATE ON DATABASE, or have one migrate that may: tidings postgres migrate, and then tidings postgres grant --serve"
	}
	return advised("migrate schema "+name, err, what)
}

// migrateIn makes what is pending, one process after the other.
func migrateIn(ctx context.Context, tx pgx.Tx, name string) (Version, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('tidings.migrate ' || $1, 0))`, name); err != nil {
		return Version{}, err
	}
	v, err := versionOf(ctx, tx, name)
	if err != nil {
		return v, err
	}
	if v.Have == 0 {
		if err := found(ctx, tx, name); err != nil {
			return v, err
		}
	}
	known, err := migrationsOf(migrationFiles)
	if err != nil {
		return v, err
	}
	for _, m := range known[min(v.Have, len(known)):] {
		if err := m.apply(ctx, tx, name); err != nil {
			return v, fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return v, nil
}

// found creates the schema and its list of migrations.
func found(ctx context.Context, tx pgx.Tx, name string) error {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, name).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+string(quoted(name))); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, quoted(name).in(`
CREATE TABLE tidings.migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    compatible integer NOT NULL, -- the oldest version of a program that can work with this one
    applied    timestamptz NOT NULL DEFAULT now()
)`))
	return err
}

// apply executes a migration and notes it. Its statements find the schema by
// the search path.
func (m *migration) apply(ctx context.Context, tx pgx.Tx, name string) error {
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = "+string(quoted(name))+", pg_temp"); err != nil {
		return err
	}
	if err := tx.Conn().PgConn().Exec(ctx, m.sql).Close(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, quoted(name).in(`INSERT INTO tidings.migration (version, name, compatible) VALUES ($1, $2, $3)`),
		m.version, m.name, m.compatible)
	return err
}

// passing reports whether an error at the beginning may pass by waiting.
func passing(err error) bool {
	if errors.Is(err, errSchema) || errors.Is(err, errDatabase) || errors.Is(err, tidings.ErrInvalid) {
		return false
	}
	e, answered := errors.AsType[*pgconn.PgError](err)
	if !answered || len(e.Code) < 2 {
		return true
	}
	if e.Code == "08P01" { // a pooler refuses what we would set
		return false
	}
	switch e.Code[:2] {
	case "28", "42", "22", "0A": // authorization, rights and names, what makes no sense
		return false
	}
	return true
}
