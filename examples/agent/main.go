// Agent shows an agent's loop that tells what it does while it does it, in
// AG-UI's typed events.
//
//	go run ./examples/agent
//	curl -N 'http://127.0.0.1:8080/v1/stream/agui?user=alice'
//	curl -d 'What is a hub?' 'http://127.0.0.1:8080/ask?user=alice&thread=t1'
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/agui"
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
	hub, err := tidings.New(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer hub.Close()
	agent := &agent{agui.NewBroadcaster(hub)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ask", agent.ask)
	mux.Handle("/v1/", httpapi.New(hub, nil)) // nil: this machine only, for development
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// An agent answers questions.
type agent struct {
	events *tidings.Broadcaster[agui.Event]
}

// ask answers what is in the body.
func (a *agent) ask(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		query := r.URL.Query()
		err = a.run(r.Context(), query.Get("user"), query.Get("thread"), string(question))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// README
// run is a run of the agent: whatever it does, those who watch see.
func (a *agent) run(ctx context.Context, user, thread, question string) error {
	events, runID := a.events.In(thread), rand.Text()
	tell := func(all ...agui.Event) error {
		for _, e := range all {
			if _, err := events.Broadcast(ctx, user, e); err != nil {
				return err
			}
		}
		return nil
	}
	if err := tell(agui.NewRunStarted(thread, runID)); err != nil {
		return err
	}
	if err := answer(question, tell); err != nil {
		return errors.Join(err, tell(agui.NewRunError(err.Error())))
	}
	return tell(agui.NewRunFinished(thread, runID))
}

// end of README

// answer stands for a model: it looks the question up, and says it again.
func answer(question string, tell func(...agui.Event) error) error {
	call, message := rand.Text(), rand.Text()
	if strings.TrimSpace(question) == "" {
		return errors.New("there is no question")
	}
	err := tell(
		agui.NewToolCallStart(call, "look_up"),
		agui.NewToolCallArgs(call, fmt.Sprintf(`{"words":%d}`, len(strings.Fields(question)))),
		agui.NewToolCallEnd(call),
		agui.NewToolCallResult(rand.Text(), call, "nothing found"),
		agui.NewTextMessageStart(message),
	)
	for word := range strings.FieldsSeq("You asked: " + question) {
		if err == nil {
			err = tell(agui.NewTextMessageContent(message, word+" "))
		}
	}
	if err != nil {
		return err
	}
	return tell(agui.NewTextMessageEnd(message))
}
