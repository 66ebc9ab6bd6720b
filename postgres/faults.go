package postgres

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tidings-dev/tidings"
)

// An unsentError says that a statement did not leave.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// crowded reports whether a batch came before its partition. The database itself
// finds none when it was made so recently that the session has not heard of it;
// unlike other violations of a constraint this one is of none with a name.
func crowded(err error) bool {
	e, answered := errors.AsType[*pgconn.PgError](err)
	return answered && (e.Code == "TD001" || e.Code == "23514" && e.ConstraintName == "")
}

// transient reports whether the database refused for a reason that passes: a
// lock that others hold, or a statement that was prepared for another schema.
func transient(err error) bool {
	switch code(err) {
	case "55P03", "40P01", "40001", "0A000", "26000":
		return true
	}
	return false
}

// unknown reports whether a statement may have been executed although it
// failed.
func unknown(err error) bool {
	if _, unsent := errors.AsType[*unsentError](err); unsent {
		return false // pgconn.SafeToRetry says so also of a connection that was lost while the answer came
	}
	e, answered := errors.AsType[*pgconn.PgError](err)
	return !answered || e.SeverityUnlocalized != "ERROR"
}

// code returns the SQLSTATE of an error, or "".
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// What an operator may do about errors, by SQLSTATE.
var advice = map[string]string{
	"25006": "this is a read-only standby, or default_transaction_read_only is on: connect to the primary; with several hosts in the URL, target_session_attrs=read-write finds it",
	"28P01": "check the password",
	"28000": "check the role, and pg_hba.conf",
	"3D000": "create the database",
	"42501": "grant the role what it needs: tidings postgres grant; one that creates or migrates the log needs GRANT CREATE ON DATABASE",
	"3F000": "create the log's tables: tidings postgres migrate",
	"42P01": "create the log's tables: tidings postgres migrate",
	"42883": "create the log's functions: tidings postgres migrate",
	"53100": "free space on the server's disk",
	"53300": "raise max_connections, or use a pooler and a pooled log",
	"57014": "raise statement_timeout of the role",
	"08P01": "if this is a pooler such as PgBouncer, the log has to be opened as a pooled one",
	"57P03": "the server is starting or stopping",
	"TD002": "set default_transaction_isolation of the role to read committed",
}

// explained wraps a backend's error: what was done, what to do, and which of
// the root's errors it is.
func explained(doing string, err error) error { return advised(doing, err, todo(err)) }

// advised is explained, with what to do, or "".
func advised(doing string, err error, todo string) error {
	kind := tidings.ErrUnavailable
	if code(err) == "25006" {
		kind = tidings.ErrReadOnly
	}
	if _, failed := errors.AsType[*pgconn.ConnectError](err); failed {
		err = &oneLineError{err}
	}
	if todo != "" {
		return fmt.Errorf("postgres: %s: %w: %w; %s", doing, kind, err, todo)
	}
	return fmt.Errorf("postgres: %s: %w: %w", doing, kind, err)
}

// todo returns what to do about an error, or "".
func todo(err error) string {
	_, dial := errors.AsType[*net.OpError](err)
	_, name := errors.AsType[*net.DNSError](err)
	if code(err) == "" && (dial || name) {
		return "see that PostgreSQL runs there, and that this machine reaches it"
	}
	return advice[code(err)]
}

// A oneLineError is an error of connecting, which has a line for each attempt:
// with TLS and without, at each address.
type oneLineError struct{ err error }

// Error returns each line once, in one.
func (e *oneLineError) Error() string {
	first, rest, _ := strings.Cut(e.err.Error(), "\n")
	var all []string
	for line := range strings.SplitSeq(rest, "\n") {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return strings.TrimSpace(first + " " + strings.Join(all, ", "))
}

func (e *oneLineError) Unwrap() error { return e.err }
