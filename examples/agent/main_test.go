package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-dev/tidings/agui"
	"github.com/tidings-dev/tidings/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started runs the example until the test ends, and returns its address.
func started(t *testing.T, run func(context.Context, net.Listener) error) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + listener.Addr().String()
}

// told returns the types of a thread's run, and what its messages say.
func told(t *testing.T, url string, last string) (types []string, said string) {
	t.Helper()
	hub, err := client.New(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for event, err := range hub.Follow(ctx, client.Stream{Name: "agui", User: "alice", Sessions: []string{"t1"}, FromStart: true}) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := agui.Decode(event.Data)
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, e.EventType())
		if content, ok := e.(*agui.TextMessageContentEvent); ok {
			said += content.Delta
		}
		if e.EventType() == last {
			break
		}
	}
	return types, said
}

// ask asks and returns the status.
func ask(t *testing.T, url, question string) int {
	t.Helper()
	resp, err := http.Post(url+"/ask?user=alice&thread=t1", "text/plain", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestARunIsSeenAsItHappened(t *testing.T) {
	url := started(t, run)
	if status := ask(t, url, "What is <a hub>?"); status != http.StatusOK {
		t.Fatalf("got %d", status)
	}
	types, said := told(t, url, agui.RunFinished)
	want := "RUN_STARTED TOOL_CALL_START TOOL_CALL_ARGS TOOL_CALL_END TOOL_CALL_RESULT TEXT_MESSAGE_START" +
		strings.Repeat(" TEXT_MESSAGE_CONTENT", 6) + " TEXT_MESSAGE_END RUN_FINISHED"
	if got := strings.Join(types, " "); got != want || said != "You asked: What is <a hub>? " {
		t.Errorf("got %s, %q", got, said)
	}
}

func TestARunThatFailsSaysSo(t *testing.T) {
	url := started(t, run)
	if status := ask(t, url, " "); status != http.StatusBadRequest {
		t.Errorf("got %d", status)
	}
	if types, _ := told(t, url, agui.RunError); strings.Join(types, " ") != "RUN_STARTED RUN_ERROR" {
		t.Errorf("got %v", types)
	}
}
