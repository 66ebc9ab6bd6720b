// Package pgtest gives tests a real PostgreSQL, and a wire to it that breaks
// on demand.
//
// Most tests take a database of their own on the server that all tests of the
// process share:
//
//	url := pgtest.Shared(t).Database(t)
//
// A test that stops a server, or needs other settings, has one of its own:
//
//	server := pgtest.New(t, &pgtest.Options{Settings: map[string]string{"fsync": "on"}})
//	url := server.Database(t)
//	server.Restart(t, pgtest.Immediate)
//
// A [Proxy] stands between a client and a server, and cuts, freezes and
// forgets their connections:
//
//	proxy := pgtest.NewProxy(t, url)
//	pool, err := pgxpool.New(ctx, proxy.URL())
//	…
//	proxy.CutAnswers(1)
//
// [NewBouncer] starts a PgBouncer before a server.
//
// A server that was started here ends with the process of the tests, however
// that ends, and its folder goes with it. No goroutine stays behind.
//
// PostgreSQL's programs are looked for where pg_config says, in
// /usr/lib/postgresql/*/bin and in PATH; a test that does not find them fails.
// Where the environment names a server in TIDINGS_TEST_POSTGRES_URL, as a
// superuser, [Shared] is that one. A server does not run as root, so root
// starts it as the user postgres.
package pgtest
