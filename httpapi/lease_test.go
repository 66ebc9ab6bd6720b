package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
	"github.com/tidings-dev/tidings/tidingstest"
)

// known are the bearers of a name and what they may do.
type known map[string]httpapi.Access

// authenticate looks a bearer up.
func (k known) authenticate(r *http.Request) (httpapi.Access, error) {
	a, ok := k[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		return a, httpapi.ErrUnauthorized
	}
	return a, nil
}

// bearer is the header by which somebody proves who he is.
func bearer(name string) string { return "Authorization: Bearer " + name }

// replicas has a test run with two servers of one log, in a bubble, who know the
// same bearers.
func replicas(t *testing.T, who func() known, test func(t *testing.T, one, two *api)) {
	synctest.Test(t, func(t *testing.T) {
		log := tidingstest.NewSliceLog(nil)
		opts := &httpapi.Options{Authenticate: who().authenticate}
		one := serveInMemory(t, newHub(t, log, nil), opts, nil)
		test(t, one, serveInMemory(t, newHub(t, log.Replica(), nil), opts, nil))
	})
}

// people are alice, with two tokens, bob, and somebody who may do everything.
func people() known {
	issued, expires := time.Now(), time.Now().Add(time.Hour)
	return known{
		"alice":  {Subject: "alice", Owner: "alice", Token: "a1", Issued: issued, Expires: expires},
		"alice2": {Subject: "alice", Owner: "alice", Token: "a2", Issued: issued.Add(10 * time.Minute), Expires: expires.Add(time.Hour)},
		"bob":    {Subject: "bob", Owner: "bob", Token: "b1", Issued: issued, Expires: expires},
		"root":   {Subject: "root", Owner: "root", Feed: true, Stats: true, Admin: true, Issued: issued},
	}
}

func TestRevokingASubjectEndsAllItHasOnAllServers(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		var streams []*reader
		for _, a := range []*api{one, two} {
			r := a.follow("/v1/stream/agui", bearer("alice"))
			streams = append(streams, r)
		}
		lines := two.talk("/v1/publish/system", bearer("alice"))
		lines.say("1\n")
		lines.expect("1")
		bob := one.follow("/v1/stream/agui", bearer("bob"))
		for _, r := range append(streams, bob) {
			r.begins()
		}
		for _, r := range append(streams, bob) {
			r.expect(": keep-alive")
		}
		if got := one.post("/v1/revocations", `{"subject":"alice"}`, bearer("root")); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		began := time.Now()
		for _, r := range streams {
			if got := r.after(); got != "end" {
				t.Errorf("got %s", got)
			}
		}
		lines.expect("0 unauthorized: the access was revoked")
		if took := time.Since(began); took > time.Second {
			t.Errorf("ended after %v", took)
		}
		lines.expect("end")
		bob.expect(": keep-alive")
		for _, a := range []*api{one, two} {
			for _, path := range []string{"/v1/stream/agui", "/v1/feed"} {
				a.get(path, bearer("alice")).is(t, 401, wire.Unauthorized)
			}
			a.post("/v1/publish/system", `1`, bearer("alice")).is(t, 401, wire.Unauthorized)
			a.get("/v1/feed", bearer("alice2")).ok(t) // it was issued later
			a.get("/v1/feed", bearer("bob")).ok(t)
		}
	})
}

func TestRevokingATokenEndsWhatItOpened(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		first, second := two.follow("/v1/stream/agui", bearer("alice")), two.follow("/v1/stream/agui", bearer("alice2"))
		first.begins()
		second.begins()
		if got := one.post("/v1/revocations", `{"token":"a1"}`, bearer("root")); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		first.expect("end")
		second.expect(": keep-alive")
		two.get("/v1/feed", bearer("alice")).is(t, 401, wire.Unauthorized)
		two.get("/v1/feed", bearer("alice2")).ok(t)
	})
}

func TestRevocationsThatCannotBe(t *testing.T) {
	a := serve(t, &httpapi.Options{Authenticate: people().authenticate})
	a.post("/v1/revocations", `{"subject":"alice"}`, bearer("alice")).is(t, 403, wire.Forbidden)
	a.post("/v1/revocations", `{"subject":"alice"}`).is(t, 401, wire.Unauthorized)
	for _, body := range []string{``, `{}`, `[]`, `1`, `{"subject":""}`, `{"subject":"a","token":"b"}`, `{"subjects":"a"}`, `{"subject":1}`, `{"subject":"a"}{}`, `{"subject":"a"`} {
		a.post("/v1/revocations", body, bearer("root")).is(t, 400, wire.Invalid)
	}
	a.post("/v1/revocations?subject=alice", `{"subject":"bob"}`, bearer("root")).is(t, 400, wire.Invalid)
	a.postLines("/v1/revocations", `{"subject":"a"}`, bearer("root")).is(t, 415, wire.UnsupportedMedia)
	a.get("/v1/feed", bearer("alice")).ok(t)
}

// expiring returns the connection of the notice that comes next.
func (r *reader) expiring(at time.Time) string {
	r.t.Helper()
	text, is := strings.CutPrefix(r.show(), "tidings.expiring ")
	var e wire.Expiring
	if err := json.Unmarshal([]byte(text), &e); !is || err != nil || !e.Expires.Equal(at) || e.Connection == "" {
		r.t.Fatalf("got %q (%v), want a notice of %v", text, err, at)
	}
	return e.Connection
}

// begins reads the position that a stream begins with.
func (r *reader) begins() {
	r.t.Helper()
	if got := r.show(); !strings.HasPrefix(got, "at ") {
		r.t.Fatalf("got %s, want a position", got)
	}
}

// tells reads events with these payloads, and what comes between them.
func (r *reader) tells(payloads ...string) {
	r.t.Helper()
	for _, want := range payloads {
		got := r.after()
		for strings.HasPrefix(got, "tidings.") {
			got = r.after()
		}
		if _, payload, _ := strings.Cut(got, " "); payload != want {
			r.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// after returns what comes after signs of life.
func (r *reader) after() string {
	for {
		if got := r.show(); got != ": keep-alive" && !strings.HasPrefix(got, "at ") {
			return got
		}
	}
}

func TestAStreamEndsWithItsAccessAndTellsOfItAMinuteBefore(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, _ *api) {
		expires := time.Now().Add(time.Hour)
		r := one.follow("/v1/stream/agui?session=s", bearer("alice"))
		r.begins()
		got := r.after()
		if left := time.Until(expires); !strings.HasPrefix(got, "tidings.expiring ") || left > time.Minute || left < 59*time.Second {
			t.Errorf("%v before the end: got %s", left, got)
		}
		if got := r.after(); got != "end" {
			t.Errorf("got %s", got)
		}
		if late := time.Since(expires); late < 0 || late > time.Second {
			t.Errorf("ended %v after the access", late)
		}
		one.get("/v1/stream/agui", bearer("alice")).is(t, 401, wire.Unauthorized)
	})
}

// follow to the notice and return it.
func toNotice(t *testing.T, a *api, path, name string) (*reader, string) {
	t.Helper()
	r := a.follow(path, bearer(name))
	r.begins()
	text, is := strings.CutPrefix(r.after(), "tidings.expiring ")
	var e wire.Expiring
	if err := json.Unmarshal([]byte(text), &e); !is || err != nil {
		t.Fatalf("got %q, %v", text, err)
	}
	return r, e.Connection
}

// Whichever server receives the newer access, the stream goes on where it is.
func TestNewerAccessExtendsAStream(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		replicas(t, people, func(t *testing.T, one, two *api) {
			began := time.Now()
			r, connection := toNotice(t, one, "/v1/stream/agui?session=s&session=x", "alice")
			to := one
			if elsewhere {
				to = two
			}
			if got := to.post("/v1/stream/agui?session=s&session=x&connection="+connection, "", bearer("alice2")); got.status != 202 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			two.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: "s", Type: "T", Data: []byte(`1`)})
			r.tells("1")
			if got := r.after(); !strings.HasPrefix(got, "tidings.expiring ") || !strings.Contains(got, connection) {
				t.Errorf("got %s, want another notice", got)
			}
			if got := r.after(); got != "end" {
				t.Errorf("got %s", got)
			}
			if lasted := time.Since(began); lasted < 2*time.Hour || lasted > 2*time.Hour+time.Second {
				t.Errorf("lasted %v, want 2h", lasted)
			}
		})
	}
}

// A stream is never continued as somebody else or as nobody, nor on access that is
// not granted all of it.
func TestWhatDoesNotExtendAStream(t *testing.T) {
	who := func() known {
		k := people()
		later := k["alice2"].Expires
		k["bob"] = httpapi.Access{Subject: "bob", Owner: "alice", Token: "b2", Issued: k["bob"].Issued, Expires: later}
		k["nobody"] = httpapi.Access{Owner: "alice", Expires: later}
		k["some"] = httpapi.Access{Subject: "alice", Owner: "alice", Expires: later, Subscribe: func(r httpapi.Reading) bool { return r.Session == "s" }}
		k["gone"] = httpapi.Access{Subject: "alice", Owner: "alice", Token: "gone", Issued: later, Expires: later}
		return k
	}
	for _, tt := range []struct {
		as, path string
		status   int
	}{
		{"bob", "agui?session=s&session=x&connection=%s", 202},
		{"nobody", "agui?session=s&session=x&connection=%s", 403},
		{"some", "agui?session=s&session=x&connection=%s", 403},
		{"some", "agui?session=s&connection=%s", 202},
		{"alice", "agui?session=s&session=x&connection=%s", 202}, // it is not newer
		{"gone", "agui?session=s&session=x&connection=%s", 401},
		{"alice2", "contexts?session=s&session=x&connection=%s", 202},
		{"alice2", "agui?session=s&session=x&connection=%sA", 400},
		{"alice2", "agui?session=s&session=x&connection=XXXXXXXXXXXXXXXX", 202},
		{"alice2", "agui?session=s&session=x&connection=", 400},
		{"alice2", "agui?session=s&session=x", 400},
		{"alice2", "nothing?connection=%s", 404},
		{"", "agui?session=s&session=x&connection=%s", 401},
	} {
		replicas(t, who, func(t *testing.T, one, two *api) {
			one.post("/v1/revocations", `{"token":"gone"}`, bearer("root"))
			r, connection := toNotice(t, one, "/v1/stream/agui?session=s&session=x", "alice")
			got := two.post("/v1/stream/"+strings.Replace(tt.path, "%s", connection, 1), "", bearer(tt.as))
			if got.status != tt.status {
				t.Errorf("%s, %s: got %d %s, want %d", tt.as, tt.path, got.status, got.body, tt.status)
			}
			began := time.Now()
			if got := r.after(); got != "end" || time.Since(began) > time.Minute+time.Second {
				t.Errorf("%s, %s: got %s after %v", tt.as, tt.path, got, time.Since(began))
			}
		})
	}
}

// An extension that was revoked ends with that.
func TestAnExtendedStreamEndsWhenItsNewTokenIsRevoked(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		r, connection := toNotice(t, one, "/v1/stream/agui", "alice")
		if got := two.post("/v1/stream/agui?connection="+connection, "", bearer("alice2")); got.status != 202 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		for range 2 * 4 {
			if got := r.show(); got == "end" {
				t.Fatal("it ended before")
			}
		}
		if got := two.post("/v1/revocations", `{"token":"a2"}`, bearer("root")); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		began := time.Now()
		if got := r.after(); got != "end" || time.Since(began) > time.Second {
			t.Errorf("got %s after %v", got, time.Since(began))
		}
	})
}

func TestPurgeIsForAdmins(t *testing.T) {
	a := serve(t, &httpapi.Options{Authenticate: people().authenticate})
	a.publish("alice", `1`)
	a.publish("bob", `2`)
	a.do("DELETE", "/v1/events?user=alice", "", bearer("alice")).is(t, 403, wire.Forbidden)
	a.do("DELETE", "/v1/events", "", bearer("root")).is(t, 400, wire.UserMissing)
	a.do("DELETE", "/v1/events?user=tidings.control", "", bearer("root")).is(t, 400, wire.Invalid)
	a.do("DELETE", "/v1/events?user=alice", "", bearer("root")).ok(t)
	for name, want := range map[string]string{"alice": "[]", "bob": "[2]"} {
		if got := fmt.Sprint(payloads(t, a.get("/v1/feed", bearer(name)).ok(t))); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
