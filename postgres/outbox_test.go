package postgres_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/internal/pgtest"
	"github.com/tidings-dev/tidings/postgres"
)

func TestWhatCommittedArrivesAndWhatWasRolledBackNever(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	events := follow(t, b.open(t), tidings.ID{})
	s := b.connect(t)
	for n := 0; n < 30; n += 3 {
		s.exec("BEGIN")
		s.publish("kept", n)
		s.publish("kept", n+1)
		s.exec("COMMIT")
		s.exec("BEGIN")
		s.publish("rolled back", n)
		s.exec("ROLLBACK")
		s.exec("BEGIN")
		s.exec("SAVEPOINT a")
		s.publish("rolled back", n)
		s.exec("ROLLBACK TO a")
		s.publish("kept", n+2)
		s.exec("COMMIT")
	}
	wantNumbers(t, events.next(30), "kept", 30)
	if n := b.number(t, `SELECT count(*) FROM tidings.outbox`); n != 0 {
		t.Errorf("%d rows are left in the outbox", n)
	}
}

// wantNumbers reports if the events of a user are not numbered from 0 to n-1,
// in their order.
func wantNumbers(t testing.TB, events []tidings.Event, user string, n int) {
	t.Helper()
	var got []string
	for i := range events {
		if events[i].User == user {
			got = append(got, string(events[i].Data))
		}
	}
	want := make([]string, n)
	for i := range want {
		want[i] = strconv.Itoa(i)
	}
	if g, w := strings.Join(got, " "), strings.Join(want, " "); g != w {
		t.Errorf("events of %s:\n got %s\nwant %s", user, g, w)
	}
}

// TestTransactionsThatFollowEachOtherArriveInTheirOrder has several replicas
// move at once, while transactions that are open for long leave holes in the
// ids.
func TestTransactionsThatFollowEachOtherArriveInTheirOrder(t *testing.T) {
	t.Parallel()
	const writers, transactions, each = 4, 40, 3
	b := newBackend(t)
	b.opts.Partition = 1000
	var tails []*tail
	for range 3 {
		tails = append(tails, follow(t, b.open(t), tidings.ID{}))
	}
	var all sync.WaitGroup
	for w := range writers {
		short, long := b.connect(t), b.connect(t)
		all.Go(func() {
			name := fmt.Sprint("writer", w)
			for n := range transactions {
				if n%8 == 0 {
					long.exec("BEGIN")
					long.publish("long", w*transactions+n)
				}
				short.exec("BEGIN")
				for i := range each {
					short.publish(name, n*each+i)
				}
				short.exec("COMMIT")
				if n%8 == 5 {
					long.exec("COMMIT")
				}
			}
		})
	}
	all.Wait()
	const total = writers*transactions*each + writers*transactions/8
	first := tails[0].next(total)
	for w := range writers {
		wantNumbers(t, first, fmt.Sprint("writer", w), transactions*each)
	}
	for _, other := range tails[1:] {
		if got, want := shown(other.next(total)), shown(first); got != want {
			t.Errorf("replicas differ:\n%s\n%s", got, want)
		}
	}
	if n := len(read(t, b.open(t), tidings.ID{})); n != total {
		t.Errorf("the log has %d events, want %d", n, total)
	}
}

// TestSessionsThatFollowEachOtherArriveInTheirOrder has one session begin after
// another committed.
func TestSessionsThatFollowEachOtherArriveInTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1000
	events := follow(t, b.open(t), tidings.ID{})
	follow(t, b.open(t), tidings.ID{})
	sessions := []*session{b.connect(t), b.connect(t), b.connect(t)}
	for n := range 200 {
		sessions[n%len(sessions)].publish("a", n)
	}
	wantNumbers(t, events.next(200), "a", 200)
}

func TestTheOutboxWaitsForALog(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.open(t).Close()
	s := b.connect(t)
	for n := range 2500 { // more than one page
		s.publish("a", n)
	}
	b.opts.Partition = 1000
	wantNumbers(t, follow(t, b.open(t), tidings.ID{}).next(2500), "a", 2500)
}

// TestALogThatNobodyFollowsMovesNothing holds because who opens a log for an
// errand may not know the channels that the hubs over it know.
func TestALogThatNobodyFollowsMovesNothing(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	b.connect(t).publish("outbox", 0)
	keep(t, l, note("appended", 0))
	if _, _, err := l.Bounds(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := shown(read(t, l, tidings.ID{})); got != "appended:0" {
		t.Errorf("got %s", got)
	}
	o, err := l.Outbox(t.Context())
	if err != nil || o.Pending != 1 || o.Oldest.IsZero() || o.DeadLetters != 0 {
		t.Errorf("got %+v, %v", o, err)
	}
	if got := shown(follow(t, l, tidings.ID{}).next(2)); got != "appended:0 outbox:0" {
		t.Errorf("got %s", got)
	}
}

func TestAKeyOfTheOutboxIsThatOfTheLog(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	l := b.open(t)
	known := note("a", 0)
	known.Key = "known"
	first := keep(t, l, known)
	s := b.connect(t)
	for _, key := range []string{"known", "new", "new"} {
		s.exec(`SELECT tidings.tidings_publish('a', 'system', 's', 'note', '1', $1)`, key)
	}
	s.exec(`SELECT tidings.tidings_publish('a', 'system', 's', 'note', '2')`)
	got := follow(t, l, tidings.ID{}).next(3)
	if shown(got) != "a:0 a:1 a:2" || got[1].Key != "new" {
		t.Errorf("got %s", shown(got))
	}
	again := keep(t, l, known)
	if !again[0].Duplicate || again[0].ID != first[0].ID {
		t.Errorf("got %+v, want the duplicate of %+v", again, first)
	}
	known.Key = "new"
	if again = keep(t, l, known); !again[0].Duplicate || again[0].ID != got[1].ID {
		t.Errorf("got %+v, want the duplicate of %s", again, got[1].ID)
	}
}

func TestEveryKindOfCallPublishes(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	events := follow(t, b.open(t), tidings.ID{})
	for _, c := range []struct{ call, data string }{
		{`tidings.tidings_publish('u', 'system', 's', 'y', '{"b":1, "a":2}')`, `{"b":1, "a":2}`},
		{`tidings.tidings_publish('u', 'system', 's', 'y', '{"b":1, "a":2}'::json)`, `{"b":1, "a":2}`},
		{`tidings.tidings_publish('u', 'system', 's', 'y', '{"b":1,"a":2}'::jsonb)`, `{"a": 2, "b": 1}`},
		{`tidings.tidings_publish('u', 'system', 's', 'y', jsonb_build_object('a', 1), 'k')`, `{"a": 1}`},
		{`tidings.tidings_publish("user" => 'u', channel => 'system', session => 's', type => 'y', data => '1', key => 'l')`, `1`},
		{`tidings.tidings_publish('u', 'system', 's', 'y', E'{\r\n"a":\n"\\r\\n"\r}\n')`, `{"a":"\r\n"}`},
	} {
		b.exec(t, "SELECT "+c.call)
		e := events.next(1)[0]
		if e.User != "u" || e.Channel != "system" || e.Session != "s" || e.Type != "y" || string(e.Data) != c.data {
			t.Errorf("%s: got %+v, %s", c.call, e, e.Data)
		}
	}
}

func TestWithoutNotificationTheOutboxIsFoundByLooking(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	events := follow(t, b.open(t), tidings.ID{})
	s := b.connect(t)
	s.exec("SET tidings.notify = 'off'")
	s.publish("quiet", 0)
	if got := shown(events.next(1)); got != "quiet:0" {
		t.Errorf("got %s", got)
	}
}

func TestATriggerPublishesWhereNoSchemaIsInTheSearchPath(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	events := follow(t, b.open(t), tidings.ID{})
	b.exec(t, `CREATE SCHEMA shop; CREATE TABLE shop.orders (id integer);
CREATE FUNCTION shop.told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tidings.tidings_publish('shop', 'system', 's', 'note', pg_catalog.to_jsonb(new.id));
    RETURN new;
END $$;
CREATE TRIGGER told AFTER INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.told()`)
	s := b.connect(t)
	s.exec("SET search_path = ''")
	s.exec("INSERT INTO shop.orders SELECT * FROM pg_catalog.generate_series(0, 9)")
	wantNumbers(t, events.next(10), "shop", 10)
}

// TestTheCallersObjectsDoNotStandInForTheLogs has a caller make what the
// functions would find if they looked where he says.
func TestTheCallersObjectsDoNotStandInForTheLogs(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	events := follow(t, b.open(t), tidings.ID{})
	s := b.connect(t)
	s.exec(`CREATE TEMPORARY TABLE outbox (LIKE tidings.outbox INCLUDING ALL)`)
	s.exec(`CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS $$ SELECT 1/0 $$`)
	s.exec(`SET search_path = pg_temp, public, pg_catalog`)
	s.publish("a", 0)
	if got := shown(events.next(1)); got != "a:0" {
		t.Errorf("got %s", got)
	}
}

func TestAFunctionWithItsOwnersRightsPublishes(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	events := follow(t, b.open(t), tidings.ID{})
	owner, caller := newRole(t, b), newRole(t, b)
	if err := postgres.GrantPublish(t.Context(), b.url, "", owner); err != nil {
		t.Fatal(err)
	}
	b.exec(t, fmt.Sprintf(`CREATE FUNCTION public.order_placed() RETURNS void LANGUAGE sql SECURITY DEFINER
AS $$ SELECT tidings.tidings_publish('shop', 'system', 's', 'note', '{"n": 1}'::jsonb) $$;
ALTER FUNCTION public.order_placed() OWNER TO %s`, owner))
	s := connect(t, as(t, b.url, caller))
	s.exec("SELECT public.order_placed()")
	if got := shown(events.next(1)); got != `shop:{"n": 1}` {
		t.Errorf("got %s", got)
	}
	if err := s.try(`SELECT tidings.tidings_publish('shop', 'system', 's', 'note', '1')`); err == nil {
		t.Error("the caller publishes without the owner's rights")
	}
}

func TestASerializableSessionPublishes(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.opts.Partition = 1000
	events := follow(t, b.open(t), tidings.ID{})
	s := b.connect(t)
	s.exec("SET default_transaction_isolation = serializable")
	for n := range 100 {
		s.publish("a", n)
	}
	wantNumbers(t, events.next(100), "a", 100)
}

func TestAPreparedTransactionPublishesWithoutNotification(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t, &pgtest.Options{Settings: map[string]string{"max_prepared_transactions": "10"}})
	b := newBackendIn(t, server.Database(t), "")
	events := follow(t, b.open(t), tidings.ID{})
	s := b.connect(t)
	s.exec("SET tidings.notify = 'off'")
	s.exec("BEGIN")
	s.publish("prepared", 0)
	s.exec("PREPARE TRANSACTION 'one'")
	s.publish("before", 0)
	if got := shown(events.next(1)); got != "before:0" {
		t.Errorf("got %s", got)
	}
	s.exec("COMMIT PREPARED 'one'")
	if got := shown(events.next(1)); got != "prepared:0" {
		t.Errorf("got %s", got)
	}
}
