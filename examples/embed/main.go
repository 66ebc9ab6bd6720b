// Embed shows a hub inside a program of one's own: its routes on one's own mux,
// events published and followed from Go.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/httpapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	// README
	hub, err := tidings.New(ctx, nil, nil) // nil: a log in memory
	if err != nil {
		return err
	}
	defer hub.Close()

	mux := http.NewServeMux()
	mux.Handle("/", httpapi.New(hub, nil)) // nil: this machine only, for development
	go http.ListenAndServe("127.0.0.1:8080", mux)

	receipt, err := hub.Publish(ctx, tidings.Event{
		User: "alice", Channel: tidings.AGUI, Session: "t1", Key: "run-7/1",
		Data: []byte(`{"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Hello"}`),
	})
	if err != nil {
		return err
	}
	fmt.Println("kept at", receipt.ID)

	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.Oldest)
	if err != nil {
		return err
	}
	defer sub.Close()
	for event, err := range sub.Events(ctx) {
		if tidings.IsLost(err) {
			continue // some events are no longer kept; what follows is complete again
		}
		if err != nil {
			return err
		}
		fmt.Printf("%s %s\n", event.ID, event.Data)
	}
	// end of README
	return nil
}
