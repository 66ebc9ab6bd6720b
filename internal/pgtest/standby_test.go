package pgtest_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/pgtest"
)

func TestStandbysFollowUntilTheyArePromoted(t *testing.T) {
	primary := pgtest.New(t, nil)
	standby := primary.Standby(t)
	primary.Exec(t, "create table t (n int)")
	primary.Exec(t, "insert into t values (1)")
	c := connect(t, standby.URL("postgres"))
	for value[bool](t, c, "select to_regclass('t') is null") || value[int](t, c, "select count(*) from t") == 0 {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // the standby tells nobody
	}
	if !value[bool](t, c, "select pg_is_in_recovery()") {
		t.Error("the standby is none")
	}
	standby.Promote(t)
	standby.Exec(t, "insert into t values (2)")
	if got := value[int](t, c, "select count(*) from t"); got != 2 {
		t.Errorf("got %d rows", got)
	}
}
