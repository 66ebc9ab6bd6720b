package httpapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/tidingstest"
)

// views publishes page views of a session.
func views(t testing.TB, hub *tidings.Hub, user, session string, n int) {
	t.Helper()
	for range n {
		if _, err := analytics.NewBroadcaster(hub).Broadcast(t.Context(), user, analytics.NewPageView(session, "/")); err != nil {
			t.Fatal(err)
		}
	}
}

// stats is the data of figures.
func stats(sessions, users, requests, views int) string {
	return fmt.Sprintf(`{"type":"REAL_TIME_STATS","timestamp":"T","active_sessions":%d,"active_users":%d,"requests_per_minute":%d,"page_views_last_5m":%d,"bot_requests_last_5m":0}`,
		sessions, users, requests, views)
}

// figures returns the next figures of a stream, past events.
func (r *reader) figures() string {
	r.t.Helper()
	for {
		got := r.show()
		if strings.Contains(got, "REAL_TIME_STATS") || got == "end" || got == "error" {
			return got
		}
	}
}

func TestOwnersSeeTheirOwnFiguresAndTheFeedEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		views(t, a.hub, "alice", "s1", 2)
		views(t, a.hub, "bob", "s1", 3)
		alice, feed := a.follow("/v1/stream/analytics?user=alice"), a.follow("/v1/stream/feed")
		if got, want := alice.figures(), stats(1, 1, 2, 2); got != want {
			t.Errorf("alice got %s, want %s", got, want)
		}
		if got, want := feed.figures(), `"data":`+stats(2, 2, 5, 5)+`}`; !strings.HasPrefix(got, `{"channel":"analytics","type":"REAL_TIME_STATS","time":"`) || !strings.HasSuffix(got, want) {
			t.Errorf("the feed got %s, want %s", got, want)
		}
		views(t, a.hub, "bob", "s2", 1)
		if got, want := feed.figures(), stats(3, 2, 6, 6)+`}`; !strings.HasSuffix(got, want) {
			t.Errorf("the feed got %s, want %s", got, want)
		}
		alice.expect(": keep-alive") // nothing of alice's has changed
		alice.close()
		feed.close()
	})
}

func TestFiguresComeAtAnIntervalAndOnlyWhenTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{StatsInterval: 7 * time.Second, KeepAlive: time.Hour}, nil)
		r := a.follow("/v1/stream/analytics?user=alice")
		r.expect("at 0", noFigures)
		began := time.Now()
		for i := range 3 {
			views(t, a.hub, "alice", "s", 1)
			if got, want := r.figures(), stats(1, 1, i+1, i+1); got != want || time.Since(began) != time.Duration(i+1)*7*time.Second {
				t.Errorf("got %s after %s, want %s", got, time.Since(began), want)
			}
		}
		if got, want := r.figures(), stats(1, 1, 2, 3); got != want || time.Since(began) < time.Minute {
			t.Errorf("got %s after %s, want %s", got, time.Since(began), want)
		}
		r.close()
	})
}

func TestStreamsGoOnWhileThereAreNoFigures(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hub := newHub(t, log, nil)
	log.Break(errors.New("the log is away"))
	a := serveHub(t, hub, nil)
	r := a.follow("/v1/stream/analytics?user=alice")
	r.expect("at 0")
	log.Restore()
	views(t, hub, "alice", "s1", 1)
	got := r.show()
	if strings.Contains(got, "REAL_TIME_STATS") { // asked for when the log was back
		got = r.show()
	}
	if !strings.Contains(got, "PAGE_VIEW") {
		t.Errorf("got %s", got)
	}
}

func TestFiguresAreNotInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		views(t, a.hub, "alice", "s", 1)
		r := a.follow("/v1/stream/analytics?user=alice")
		r.expect("at 1")
		position := r.lastID
		if e, err, _ := r.next(); err != nil || e.HasID || e.Name != "" || !strings.Contains(string(e.Data), "REAL_TIME_STATS") {
			t.Errorf("got %+v, error %v", e, err)
		}
		time.Sleep(time.Minute)
		if s := a.hub.Stats(); s.Published != 1 || s.Events != 1 || s.Head.String() != position {
			t.Errorf("got %+v", s)
		}
		r.close()
		a.follow("/v1/stream/analytics?user=alice", "Last-Event-ID: "+position).expect("at 1", stats(1, 1, 0, 1))
	})
}

func TestFiguresAreOnAnalyticsAndTheFeedOfEveryoneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, nil), nil, nil)
		views(t, a.hub, "alice", "s", 1)
		for path, first := range map[string]string{
			"agui?user=alice": "at 1", "a2a?user=alice": "at 1", "contexts?user=alice": "1 " + noContexts, "feed?user=alice": "at 1",
			"analytics?user=alice&session=s": "at 1", "analytics?user=alice&types=PAGE_VIEW": "at 1", "feed?types=PAGE_VIEW": "at 1",
		} {
			r := a.follow("/v1/stream/" + path)
			r.expect(first, ": keep-alive", ": keep-alive")
			r.close()
		}
		a.follow("/v1/stream/analytics?user=alice&types=REAL_TIME_STATS&names=type").expect("at 1", "REAL_TIME_STATS "+stats(1, 1, 0, 1))
		off := serveInMemory(t, newHub(t, nil, nil), &httpapi.Options{StatsInterval: -1}, nil)
		off.follow("/v1/stream/analytics?user=alice").expect("at 0", ": keep-alive")
	})
}

// Two replicas over one log: an event counts once, wherever it was published.
func TestReplicasDoNotCountTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		replicas := []*api{
			serveInMemory(t, newHub(t, log, nil), nil, nil),
			serveInMemory(t, newHub(t, log.Replica(), nil), nil, nil),
		}
		for i := range 10 {
			views(t, replicas[i%2].hub, "alice", "s", 1)
		}
		synctest.Wait() // both have heard of all
		for _, a := range replicas {
			a.follow("/v1/stream/analytics?user=alice").expect("at 10", stats(1, 1, 10, 10))
		}
	})
}
