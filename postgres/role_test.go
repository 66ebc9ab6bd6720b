package postgres_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
)

// password is that of all roles of these tests.
const password = "of a role"

// newRole makes a role that may connect, and no more.
func newRole(t testing.TB, b *backend) string {
	t.Helper()
	name := "tidings_test_" + strings.ToLower(rand.Text())
	b.exec(t, "CREATE ROLE "+name+" LOGIN PASSWORD "+literal(password))
	t.Cleanup(func() {
		s := connect(t, b.url)
		defer s.close()
		s.exec("DROP OWNED BY " + name + " CASCADE")
		s.exec("DROP ROLE " + name)
	})
	return name
}

// as returns a URL by which a role connects.
func as(t testing.TB, raw, role string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}

// database returns the name of the database of a URL.
func database(t testing.TB, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}
