// Own shows events that are neither AG-UI's nor A2A's: a type, a channel and a
// stream of one's own, read over HTTP and from Go.
//
//	go run ./examples/own
//	curl -N 'http://127.0.0.1:8080/v1/stream/builds?user=alice&from=start'
//	curl -d '{"id":7,"state":"passed"}' 'http://127.0.0.1:8080/builds?user=alice'
//
// In a browser: new EventSource('/v1/stream/builds?user=alice').
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
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
		err = run(ctx, listener, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// A Build is what this program's events are about.
type Build struct {
	ID    int    `json:"id"`
	State string `json:"state"`
}

// EventType is the event's type, by which subscribers can narrow what they get.
func (b Build) EventType() string { return "build." + b.State }

func run(ctx context.Context, listener net.Listener, out io.Writer) error {
	// README
	router, err := tidings.NewRouter(tidings.Stream{Name: "builds", Channels: []tidings.Channel{"builds"}})
	if err != nil {
		return err
	}
	hub, err := tidings.New(ctx, nil, &tidings.Options{Router: router})
	if err != nil {
		return err
	}
	defer hub.Close()
	builds := tidings.NewBroadcaster[Build](hub, "builds", nil, nil) // nil: as JSON
	// end of README
	if err := hub.Go(func(ctx context.Context) { watch(ctx, hub, out) }); err != nil { // until Close
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /builds", report(builds))
	mux.Handle("/v1/", httpapi.New(hub, nil)) // nil: this machine only, for development
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// report broadcasts the build in the body, and answers who will see it.
func report(builds *tidings.Broadcaster[Build]) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var b Build
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		// README
		receipt, err := builds.Broadcast(r.Context(), r.URL.Query().Get("user"), b)
		// end of README
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintln(w, receipt.ID, "for", receipt.Subscribers)
	}
}

// watch prints every owner's builds, those of before included.
func watch(ctx context.Context, hub *tidings.Hub, out io.Writer) {
	sub, err := hub.Subscribe(tidings.Selector{Everyone: true, Channels: []tidings.Channel{"builds"}}, tidings.Oldest)
	if err != nil {
		log.Print(err)
		return
	}
	defer sub.Close()
	// README
	for event, err := range sub.Events(ctx) {
		if tidings.IsLost(err) {
			continue // some are no longer kept; what follows is complete again
		}
		if err != nil {
			return // the hub is closed
		}
		var b Build
		if err := json.Unmarshal(event.Data, &b); err != nil {
			log.Printf("%s: %v", event.ID, err)
			continue
		}
		fmt.Fprintf(out, "%s's build %d: %s\n", event.User, b.ID, b.State)
	}
	// end of README
}
