package httpapi_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/wire"
)

// Who sends a body slowly does not publish with access that he has no more: a body
// of many parts can take longer than the access lasts.
func TestABodyThatComesAfterTheEndOfItsAccessIsRefused(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *api){
		"revoked": func(t *testing.T, a *api) {
			if got := a.post("/v1/revocations", `{"token":"a1"}`, bearer("root")); got.status != 204 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
		},
		"expired": func(*testing.T, *api) { time.Sleep(6 * time.Second) },
	} {
		for path, parts := range map[string][2]string{
			"/v1/events":         {`[{"channel":"system","data":1}`, `]`},
			"/v1/publish/system": {`[1`, `,2]`},
			"/v1/tickets":        {`{"stream":`, `"agui"}`},
		} {
			replicas(t, people, func(t *testing.T, one, two *api) {
				time.Sleep(time.Hour - 5*time.Second)
				body, pipe := io.Pipe()
				req := one.request("POST", path, "", bearer("alice"), "Content-Type: application/json")
				req.Body, req.GetBody, req.ContentLength = body, nil, -1
				go func() {
					_, _ = io.WriteString(pipe, parts[0])
					synctest.Wait() // until that has come
					end(t, two)
					time.Sleep(time.Second) // so that the other server has heard of it
					_, _ = io.WriteString(pipe, parts[1])
					pipe.Close()
				}()
				res, err := one.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				got := read(t, res)
				if got.status != 401 || got.problem != wire.Unauthorized {
					t.Errorf("%s, %s: got %d %s", path, name, got.status, got.body)
				}
				if kept := one.kept("alice"); kept != "" {
					t.Errorf("%s, %s: %s was kept", path, name, kept)
				}
			})
		}
	}
}

// What was issued at a time that nobody knows, or that is still to come by the clock
// of who issued it, was issued when it is first seen. So a revocation ends what runs
// on it, and the tickets that were given out for it.
func TestARevocationEndsWhatWasIssuedAtATimeThatIsNotKnown(t *testing.T) {
	for name, issued := range map[string]time.Duration{"unknown": 0, "to come": 20 * time.Second} {
		who := func() known {
			k, alice := people(), httpapi.Access{Subject: "alice", Owner: "alice", Token: "a1"}
			if issued > 0 {
				alice.Issued = time.Now().Add(issued)
			}
			k["alice"] = alice
			return k
		}
		replicas(t, who, func(t *testing.T, one, two *api) {
			r := two.follow("/v1/stream/agui", bearer("alice"))
			r.begins()
			ticket := one.ticket("alice", `{"stream":"agui"}`)
			time.Sleep(2 * time.Second)
			if got := one.post("/v1/revocations", `{"subject":"alice"}`, bearer("root")); got.status != 204 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			time.Sleep(2 * time.Second)
			two.get("/v1/stream/agui?ticket="+ticket).is(t, 401, wire.Unauthorized)
			two.publishIn("", `"still there"`)
			if got := r.after(); got != "end" {
				t.Errorf("%s: got %s", name, got)
			}
		})
	}
}

// An extension is an event that all servers read, also for who may publish nothing.
func TestExtensionsCountAsEvents(t *testing.T) {
	k := people()
	nothing := func(httpapi.Writing) bool { return false }
	k["reader"] = httpapi.Access{Subject: "reader", Owner: "reader", Publish: nothing}
	withRate(t, tenASecond, k.authenticate, func(a *api) {
		for i := range 30 {
			got := a.post("/v1/stream/agui?connection=XXXXXXXXXXXXXXXX", ``, bearer("reader"))
			if want := map[bool]int{true: 202, false: 429}[i < 20]; got.status != want {
				t.Errorf("extension %d: got %d %s", i, got.status, got.body)
			}
		}
	})
}

// Where the oldest connection makes room for the newest, what opens none ends none.
func TestWhatOpensNoStreamDisplacesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serveInMemory(t, newHub(t, nil, displacing(1)), &httpapi.Options{Authenticate: people().authenticate}, nil)
		ticket := "/v1/stream/agui?ticket=" + a.ticket("alice", `{"stream":"agui"}`)
		r := a.follow(ticket)
		r.begins()
		a.get(ticket).is(t, 401, wire.Unauthorized) // it is used
		for _, path := range []string{ticket, "/v1/stream/agui"} {
			if got := a.do("HEAD", path, "", bearer("alice")).status; got != 200 {
				t.Errorf("HEAD %s: got %d", path, got)
			}
		}
		synctest.Wait()
		a.publishIn("", `"still there"`)
		r.tells(`"still there"`)
	})
}
