package client_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
	"github.com/tidings-dev/tidings/internal/nettest"
)

// A Follow with a token that is renewed in time stays on one connection, and one
// whose token is not comes back with the next.
func TestFollowGoesOnWithNewerAccess(t *testing.T) {
	for _, tt := range []struct {
		renewed  time.Duration // before the token expires
		connects int
	}{{40 * time.Second, 1}, {-time.Second, 4}} {
		synctest.Test(t, func(t *testing.T) {
			hub, err := tidings.New(t.Context(), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer hub.Close()
			const life = 5 * time.Minute
			server := nettest.Serve(t, httpapi.New(hub, &httpapi.Options{Authenticate: func(r *http.Request) (httpapi.Access, error) {
				expires, err := time.Parse(time.RFC3339, r.Header.Get("Authorization"))
				if err != nil {
					return httpapi.Access{}, httpapi.ErrUnauthorized
				}
				return httpapi.Access{Subject: "alice", Owner: "alice", Expires: expires, Issued: expires.Add(-life)}, nil
			}}), nil)
			defer server.Close()
			token := time.Now().Add(life)
			connects := 0
			c, err := client.New(server.URL, &client.Options{
				HTTPClient: server.Client,
				Header: func(_ context.Context, h http.Header) error {
					if time.Until(token) <= tt.renewed {
						token = time.Now().Add(life)
					}
					h.Set("Authorization", token.UTC().Format(time.RFC3339))
					return nil
				},
				Hooks: client.Hooks{Connected: func(string) { connects++ }},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			end := time.AfterFunc(16*time.Minute, func() {
				_, _ = hub.Publish(ctx, tidings.Event{User: "alice", Channel: "agui", Session: "s", Type: "T", Data: []byte("1")})
			})
			defer end.Stop()
			for e, err := range c.Follow(ctx, client.Stream{Name: "agui", Sessions: []string{"s"}}) {
				if err != nil || string(e.Data) != "1" {
					t.Errorf("got %s, %v", e.Data, err)
				}
				break
			}
			if connects != tt.connects {
				t.Errorf("renewed %v before: %d connections, want %d", tt.renewed, connects, tt.connects)
			}
		})
	}
}
