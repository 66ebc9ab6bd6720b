// Embed shows a hub inside a web service of one's own: the service's sessions
// say who asks, its handlers publish, and its mux serves the streams.
//
//	go run ./examples/embed
//	curl -c cookies -d name=alice http://127.0.0.1:8080/login
//	curl -b cookies -N http://127.0.0.1:8080/v1/stream/agui?from=start
//	curl -b cookies -d text=Hello http://127.0.0.1:8080/say
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *addr)
	if err == nil {
		err = run(ctx, listener)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, listener net.Listener) error {
	// README
	hub, err := tidings.New(ctx, nil, nil) // nil: a log in memory
	if err != nil {
		return err
	}
	defer hub.Close()

	service := &service{hub: hub}
	mux := http.NewServeMux() // your own
	mux.HandleFunc("POST /login", service.login)
	mux.HandleFunc("POST /say", service.say)
	mux.Handle("GET /v1/", httpapi.New(hub, &httpapi.Options{Authenticate: service.authenticate}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	// end of README
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A service is what a team has already.
type service struct {
	hub      *tidings.Hub
	sessions sync.Map // of users, by what is in their cookies
}

// login stands for a real one: it asks for no password.
func (s *service) login(w http.ResponseWriter, r *http.Request) {
	cookie := &http.Cookie{Name: "session", Value: rand.Text(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode} // #nosec G124 -- add Secure: true where there is TLS
	s.sessions.Store(cookie.Value, r.FormValue("name"))
	http.SetCookie(w, cookie)
}

// README
// authenticate tells the hub's routes who asks, as the service knows it.
func (s *service) authenticate(r *http.Request) (httpapi.Access, error) {
	user, ok := s.user(r)
	if !ok {
		return httpapi.Access{}, fmt.Errorf("log in first: %w", httpapi.ErrUnauthorized)
	}
	return httpapi.Access{Subject: user, Owner: user}, nil
}

// end of README

// say publishes what the user says.
func (s *service) say(w http.ResponseWriter, r *http.Request) {
	user, ok := s.user(r)
	if !ok {
		http.Error(w, "log in first", http.StatusUnauthorized)
		return
	}
	data, err := json.Marshal(map[string]string{
		"type": "TEXT_MESSAGE_CHUNK", "messageId": rand.Text(), "delta": r.FormValue("text"),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// README
	// All who watch for the user see it: every tab and phone, and who comes later.
	receipt, err := s.hub.Publish(r.Context(), tidings.Event{
		User: user, Channel: tidings.AGUI, Session: "t1", Data: data,
	})
	// end of README
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "kept at", receipt.ID)
}

// user returns whose session the request is in.
func (s *service) user(r *http.Request) (user string, ok bool) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return "", false
	}
	name, ok := s.sessions.Load(cookie.Value)
	user, _ = name.(string)
	return user, ok
}
