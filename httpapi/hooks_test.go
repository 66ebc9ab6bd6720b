package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

func TestHooksTellWhyStreamsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan string, 10)
		revoked := make(chan struct{})
		var access httpapi.Access
		log := newFaultyLog(t)
		hub := newHub(t, log, &tidings.Options{MaxConnections: -1})
		defer hub.Close()
		a := serveInMemory(t, hub, &httpapi.Options{
			Authenticate: func(*http.Request) (httpapi.Access, error) { return access, nil },
			Hooks:        httpapi.Hooks{Ended: func(reason string) { ended <- reason }}, DrainWindow: time.Second, MaxAge: time.Hour, WriteTimeout: 10 * time.Second,
		}, nil)
		for _, tt := range []struct {
			access httpapi.Access
			end    func(r *reader)
			want   string
		}{
			{httpapi.Access{}, func(r *reader) { r.close() }, "gone"},
			{httpapi.Access{Expires: time.Now().Add(time.Minute)}, nil, "expired"},
			{httpapi.Access{Revoked: revoked}, func(*reader) { close(revoked) }, "revoked"},
			{httpapi.Access{}, func(*reader) {
				for c := range hub.Connections("agui").All() {
					hub.Connections("agui").Unregister(c.User, c.ID)
				}
			}, "unregistered"},
			{httpapi.Access{}, func(*reader) { a.publish("alice", strings.Repeat("1", 100_000)) }, "slow"},
			{httpapi.Access{}, nil, "aged"},
			{httpapi.Access{}, func(*reader) { go a.h.Drain(t.Context()) }, "drained"},
		} {
			tt.access.Owner, access = "alice", tt.access
			access.Owner = "alice"
			r := a.follow("/v1/stream/agui")
			r.expect("at " + fmt.Sprint(hub.Stats().Head.Seq()))
			if tt.end != nil {
				tt.end(r)
			}
			if tt.want != "slow" && tt.want != "gone" {
				r.expectEnd()
			}
			if got := <-ended; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.want == "slow" {
				r.close()
			}
		}
		synctest.Wait()
		if len(ended) > 0 {
			t.Errorf("another one ended: %s", <-ended)
		}
	})
}

// The time from an event's stamp to its delivery, but not that in which a client
// was away.
func TestHooksTellHowLateEventsAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lags := make(chan time.Duration, 1000)
		seen := func(want ...time.Duration) {
			t.Helper()
			synctest.Wait()
			var got []time.Duration
			for len(lags) > 0 {
				got = append(got, (<-lags).Round(10*time.Millisecond)) // stamps differ by less
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		hub := newHub(t, nil, nil)
		defer hub.Close()
		a := serveInMemory(t, hub, &httpapi.Options{KeepAlive: time.Hour, Hooks: httpapi.Hooks{Delivered: func(lag time.Duration) { lags <- lag }}}, nil)
		first := a.publishEvent(tidings.Event{User: "alice", Channel: tidings.AGUI, Session: "s", Type: "T", Data: []byte("1")})
		a.publish("alice", "2", "3")
		time.Sleep(time.Hour)
		r := a.follow("/v1/stream/agui?user=alice&after=" + first.String())
		r.expect("at 1", "2 2", "3 3")
		seen() // what it missed while it was away
		time.Sleep(2 * time.Second)
		a.publish("alice", "4")
		r.expect("4 4")
		seen(0)
		a.publish("alice", "5")
		r.expect("5 5")
		seen() // within the same millisecond
		time.Sleep(time.Second)
		a.publish("alice", `"`+strings.Repeat("6", 100_000)+`"`)
		synctest.Wait() // it is being written
		seen(0)
		a.publish("alice", "7")
		time.Sleep(7 * time.Second) // nobody reads
		r.show()
		r.expect("7 7")
		seen(7 * time.Second)
		r.close()
	})
}

// On every path.
func TestHooksTellOfAClientThatWent(t *testing.T) {
	ended := make(chan string, 1)
	a := serve(t, &httpapi.Options{Hooks: httpapi.Hooks{Ended: func(reason string) { ended <- reason }}})
	r := a.follow("/v1/stream/agui?user=alice")
	a.get("/v1/stream/agui?user=alice&after=x").is(t, 400, wire.BadPosition) // which never began
	r.close()
	if got := <-ended; got != "gone" {
		t.Errorf("got %s", got)
	}
}
