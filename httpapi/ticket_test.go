package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// ticket gets a ticket.
func (a *api) ticket(name, body string) string {
	a.t.Helper()
	var t wire.TicketAnswer
	if err := json.Unmarshal([]byte(a.post("/v1/tickets", body, bearer(name)).ok(a.t)), &t); err != nil {
		a.t.Fatal(err)
	}
	return t.Ticket
}

// publishIn publishes an event of alice's.
func (a *api) publishIn(session, payload string) {
	a.publishEvent(tidings.Event{User: "alice", Channel: "agui", Session: session, Type: "T", Data: []byte(payload)})
}

func TestATicketOpensOneStreamOnAnyServer(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		ticket := one.ticket("alice", `{"stream":"agui","sessions":["s1","s2"]}`)
		if got := two.do("HEAD", "/v1/stream/agui?ticket="+ticket, "").status; got != 200 {
			t.Errorf("HEAD: got %d", got)
		}
		r := two.follow("/v1/stream/agui?ticket=" + ticket)
		r.begins()
		for i, session := range []string{"s1", "s3", "s2", ""} {
			one.publishIn(session, fmt.Sprint(i))
		}
		r.tells("0", "2")
		for _, a := range []*api{one, two} {
			a.get("/v1/stream/agui?ticket="+ticket).is(t, 401, wire.Unauthorized)
		}
		if got := one.post("/v1/revocations", `{"token":"a1"}`, bearer("root")); got.status != 204 {
			t.Fatalf("got %d", got.status)
		}
		if got := r.after(); got != "end" {
			t.Errorf("the stream of a ticket, whose token was revoked, goes on: %s", got)
		}
	})
}

// A part of what a ticket is for can be had with it. What is more cannot, and does
// not use it.
func TestATicketIsBound(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		one.publishIn("s1", "1")
		one.publishIn("s2", "2")
		ticket := one.ticket("alice", `{"stream":"agui","sessions":["s1","s2"]}`)
		for path, status := range map[string]int{
			"/v1/stream/contexts?ticket=":                   403,
			"/v1/stream/feed?ticket=":                       403,
			"/v1/stream/feed?user=alice&ticket=":            403,
			"/v1/stream/agui?user=bob&ticket=":              403,
			"/v1/stream/agui?session=s3&ticket=":            403,
			"/v1/stream/agui?session=s1&session=s3&ticket=": 403,
			"/v1/stream/nothing?ticket=":                    403,
			"/v1/stream/agui?token=x&ticket=":               400,
			"/v1/stream/agui?after=x&ticket=":               400,
			"/v1/feed?ticket=":                              401,
			"/v1/sessions/s1/feed?ticket=":                  401,
			"/v1/stats?ticket=":                             401,
			"/v1/stream/agui?ticket=A":                      401,
		} {
			if got := two.get1(path + ticket); got != status {
				t.Errorf("%s: got %d, want %d", path, got, status)
			}
		}
		two.post("/v1/publish/system?ticket="+ticket, `1`).is(t, 401, wire.Unauthorized)
		two.post("/v1/tickets?ticket="+ticket, `{"stream":"agui"}`).is(t, 401, wire.Unauthorized)
		two.post("/v1/stream/agui?connection=XXXXXXXXXXXXXXXX&ticket="+ticket, ``).is(t, 401, wire.Unauthorized)
		r := two.follow("/v1/stream/agui?user=alice&session=s2&from=start&ticket="+ticket, bearer("bob"))
		r.tells("2")
	})
}

// What somebody may not read he gets no ticket for.
func TestTicketsThatAreNotGivenOut(t *testing.T) {
	k := people()
	k["some"] = httpapi.Access{Subject: "some", Owner: "alice", Subscribe: func(r httpapi.Reading) bool {
		return r == httpapi.Reading{Owner: "alice", Stream: "agui", Session: "s"}
	}}
	a := serve(t, &httpapi.Options{Authenticate: k.authenticate})
	for _, tt := range []struct {
		name, body string
		status     int
		problem    string
	}{
		{"", `{"stream":"agui"}`, 401, wire.Unauthorized},
		{"alice", `{"stream":"agui","user":"bob"}`, 403, wire.Forbidden},
		{"alice", `{"stream":"feed"}`, 403, wire.Forbidden},
		{"alice", `{"stream":"nothing"}`, 404, wire.NotFound},
		{"alice", `{"stream":""}`, 404, wire.NotFound},
		{"alice", `{}`, 404, wire.NotFound},
		{"alice", `{"stream":"agui","sessions":[""]}`, 400, wire.Invalid},
		{"alice", `{"stream":"agui","session":"s"}`, 400, wire.Invalid},
		{"alice", `{"stream":"agui","user":"tidings.control"}`, 400, wire.Invalid},
		{"alice", `{"stream":"agui"} x`, 400, wire.Invalid},
		{"alice", `"agui"`, 400, wire.Invalid},
		{"some", `{"stream":"agui"}`, 403, wire.Forbidden},
		{"some", `{"stream":"agui","sessions":["s","x"]}`, 403, wire.Forbidden},
		{"some", `{"stream":"contexts","sessions":["s"]}`, 403, wire.Forbidden},
	} {
		if got := a.post("/v1/tickets", tt.body, bearer(tt.name)); got.status != tt.status || got.problem != tt.problem {
			t.Errorf("%s %s: got %d %s", tt.name, tt.body, got.status, got.body)
		}
	}
	r := a.follow("/v1/stream/agui?ticket=" + a.ticket("some", `{"stream":"agui","sessions":["s"]}`))
	r.begins()
}

// Who may follow everybody gets a ticket for that, which is for nothing else.
func TestATicketForTheFeedOfEveryone(t *testing.T) {
	a := serve(t, &httpapi.Options{Authenticate: people().authenticate})
	a.publish("alice", `1`)
	ticket := a.ticket("root", `{"stream":"feed"}`)
	for _, path := range []string{"/v1/stream/feed?user=alice&ticket=", "/v1/stream/agui?user=root&ticket=", "/v1/stream/agui?ticket="} {
		if got := a.get1(path + ticket); got != 403 && got != 400 {
			t.Errorf("%s: got %d", path, got)
		}
	}
	if got := a.follow("/v1/stream/feed?from=start&ticket=" + ticket).after(); !strings.Contains(got, `"user":"alice"`) {
		t.Errorf("got %s", got)
	}
	bound := a.ticket("root", `{"stream":"feed","sessions":["s"]}`)
	a.get("/v1/stream/feed?session=x&ticket="+bound).is(t, 403, wire.Forbidden)
}

func TestATicketIsGoodForThirtySeconds(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		early, late := one.ticket("alice", `{"stream":"agui"}`), one.ticket("alice", `{"stream":"agui"}`)
		time.Sleep(29 * time.Second)
		two.follow("/v1/stream/agui?ticket=" + early).begins()
		time.Sleep(time.Second)
		two.get("/v1/stream/agui?ticket="+late).is(t, 401, wire.Unauthorized)
	})
}

// The access that a ticket stands for may end before the ticket.
func TestATicketDoesNotOutliveItsAccess(t *testing.T) {
	replicas(t, people, func(t *testing.T, one, two *api) {
		time.Sleep(time.Hour - 20*time.Second)
		ticket, late := one.ticket("alice", `{"stream":"agui"}`), one.ticket("alice", `{"stream":"agui"}`)
		r := two.follow("/v1/stream/agui?ticket=" + ticket)
		r.begins()
		r.expiring(time.Now().Add(20 * time.Second))
		if got := r.after(); got != "end" {
			t.Errorf("got %s", got)
		}
		two.get("/v1/stream/agui?ticket="+late).is(t, 401, wire.Unauthorized)
	})
}
