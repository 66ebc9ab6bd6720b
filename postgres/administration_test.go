package postgres_test

import (
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

// A log that was never appended to has no partition for the event of a purge.
func TestAnOwnerOfTheOutboxAloneCanBePurged(t *testing.T) {
	b := newBackend(t)
	if _, err := postgres.Migrate(t.Context(), b.url, ""); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `SELECT tidings.tidings_publish('alice', 'system', '', '', '1')`)
	b.opts = postgres.Options{Pooled: true, NoMigrate: true}
	l := b.open(t)
	at, err := l.Purge(t.Context(), "alice")
	if err != nil || at.Seq() != 1 {
		t.Errorf("got %v, %v", at, err)
	}
	if o, err := l.Outbox(t.Context()); err != nil || o.Pending != 0 {
		t.Errorf("got %+v, %v", o, err)
	}
}

// visitor creates a role without rights, and returns its name and the URL by
// which it comes to the backend.
func visitor(t *testing.T, b *backend) (name, as string) {
	t.Helper()
	name = "tidings_test_" + strings.ToLower(rand.Text())
	server := pgtest.Shared(t)
	server.Exec(t, "CREATE ROLE "+name+" LOGIN PASSWORD 'x'")
	t.Cleanup(func() { server.Exec(t, "DROP ROLE "+name) })
	u, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, "x")
	return name, u.String()
}

// PostgreSQL only warns of a GRANT that grants nothing.
func TestWhoMayNotGrantIsTold(t *testing.T) {
	b := newBackend(t)
	grantor, as := visitor(t, b)
	grantee, _ := visitor(t, b)
	if _, err := postgres.Migrate(t.Context(), b.url, ""); err != nil {
		t.Fatal(err)
	}
	if err := postgres.GrantServe(t.Context(), b.url, "", grantor); err != nil {
		t.Fatal(err)
	}
	defer b.exec(t, "DROP OWNED BY "+grantor+", "+grantee)
	for _, err := range []error{
		postgres.GrantPublish(t.Context(), as, "", grantee),
		postgres.GrantServe(t.Context(), as, "", grantee),
	} {
		if !errors.Is(err, tidings.ErrUnavailable) || !strings.Contains(err.Error(), grantee) || !strings.Contains(err.Error(), "who created the log") {
			t.Errorf("got %v", err)
		}
	}
}

// The right to create a schema is none that tidings postgres grant gives.
func TestWhoMayNotMigrateIsToldWhichRightIsMissing(t *testing.T) {
	b := newBackend(t)
	_, as := visitor(t, b)
	if _, err := postgres.Migrate(t.Context(), as, ""); err == nil || !strings.Contains(err.Error(), "GRANT CREATE ON DATABASE") {
		t.Errorf("got %v", err)
	}
}
