package httpapi_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

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
