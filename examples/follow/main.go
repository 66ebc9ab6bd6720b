// Follow shows a program that goes on where it was, also when it is started
// again: it keeps the position of the last event that it has dealt with in a
// file. Killed between the two it deals with that one event again.
//
//	go run ./cmd/tidings demo
//	go run ./examples/follow    # Ctrl-C, and again: it goes on where it was
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

func main() {
	url := flag.String("url", "http://127.0.0.1:8080", "the server")
	user := flag.String("user", "alice", "whose events")
	file := flag.String("position", "position.txt", "the file that keeps the position")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *url, *user, *file, os.Stdout); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// README
// run follows an owner's AG-UI events from where it was when it last ended.
func run(ctx context.Context, url, user, file string, out io.Writer) error {
	hub, err := client.New(url, nil)
	if err != nil {
		return err
	}
	defer hub.Close()
	position, err := load(file) // the zero ID if there is none
	if err != nil {
		return err
	}
	stream := client.Stream{Name: "agui", User: user, After: position, FromStart: true}
	for event, err := range hub.Follow(ctx, stream) { // reconnects by itself
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			fmt.Fprintf(out, "events after %s may be gone: what was made of them has to be made anew\n", lost.After)
			continue // with all that is still kept
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %s\n", event.ID, event.Data) // deal with it, then remember that
		if err := save(file, event.ID); err != nil {
			return err
		}
	}
	return nil
}

// end of README

// load reads the position.
func load(file string) (position tidings.ID, err error) {
	text, err := os.ReadFile(file) // #nosec G304 -- who runs the program names it
	if errors.Is(err, fs.ErrNotExist) {
		return position, nil
	}
	if err != nil {
		return position, err
	}
	if position, err = tidings.ParseID(string(text)); err != nil {
		err = fmt.Errorf("%s: %w", file, err)
	}
	return position, err
}

// save keeps the position; what interrupts it leaves the one before.
func save(file string, position tidings.ID) error {
	if err := os.WriteFile(file+".new", []byte(position.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
