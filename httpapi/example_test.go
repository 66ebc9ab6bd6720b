package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

// How do I serve a hub beside my own routes?
func ExampleNew() {
	hub, err := tidings.New(context.Background(), nil, nil)
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	mux := http.NewServeMux()
	mux.Handle("/tidings/", http.StripPrefix("/tidings", httpapi.New(hub, nil)))
	server := httptest.NewServer(mux)
	defer server.Close()

	res, err := http.Post(server.URL+"/tidings/v1/publish/system?user=alice", "application/json", strings.NewReader(`{"type":"HELLO"}`))
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	fmt.Println(res.Status, hub.Stats().Published)
	// Output: 200 OK 1
}

// How do I decide who may read and publish what?
func ExampleOptions_authenticate() {
	hub, err := tidings.New(context.Background(), nil, nil)
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	api := httpapi.New(hub, &httpapi.Options{
		Authenticate: func(r *http.Request) (httpapi.Access, error) {
			name, password, ok := r.BasicAuth()
			if !ok || password != "secret" {
				return httpapi.Access{}, fmt.Errorf("wrong name or password: %w", httpapi.ErrUnauthorized)
			}
			team := func(r httpapi.Reading) bool { return r.Owner == name || r.Owner == "team" }
			return httpapi.Access{Subject: name, Owner: name, Subscribe: team}, nil
		},
	})
	for _, password := range []string{"guess", "secret"} {
		r := httptest.NewRequest("GET", "/v1/feed?user=team", nil)
		r.SetBasicAuth("alice", password)
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 200
}

// How do I stop without losing anybody? Drain first, then shut down.
func ExampleHandler_Drain() {
	hub, err := tidings.New(context.Background(), nil, nil)
	if err != nil {
		panic(err)
	}
	api := httpapi.New(hub, nil)
	server := httptest.NewServer(api)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := api.Drain(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		panic(err)
	}
	server.Close()
	hub.Close()
	fmt.Println("stopped")
	// Output: stopped
}
