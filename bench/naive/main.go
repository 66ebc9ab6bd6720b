// Command naive serves event streams as most Go programs do: net/http, a
// goroutine, a channel of 1024 and a flush for each event and connection. It is
// something to compare with.
//
//	GET  /sub/{name}   the stream of a name, after Last-Event-ID if there is one
//	POST /pub/{name}   the body is an event
//	POST /lines        each line is an event: {"user":"NAME","data":EVENT}
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"sync"
)

// kept is how many events of a topic can be replayed.
const kept = 128

// A hub has topics by name.
type hub struct {
	mu     sync.RWMutex // guards topics
	topics map[string]*topic
}

// A topic has subscribers, each with a channel.
type topic struct {
	mu      sync.Mutex // guards what follows
	last    int
	history []event
	readers map[chan event]struct{}
}

// An event is what a subscriber gets.
type event struct {
	id   int
	data []byte
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*addr, newHub()))
}

// newHub returns the handler of an empty hub.
func newHub() http.Handler {
	h := &hub{topics: map[string]*topic{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sub/{name}", h.subscribe)
	mux.HandleFunc("POST /pub/{name}", h.publish)
	mux.HandleFunc("POST /lines", h.lines)
	return mux
}

// topic returns a topic, which it makes if need be.
func (h *hub) topic(name string) *topic {
	h.mu.RLock()
	t := h.topics[name]
	h.mu.RUnlock()
	if t != nil {
		return t
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.topics[name] == nil {
		h.topics[name] = &topic{readers: map[chan event]struct{}{}}
	}
	return h.topics[name]
}

// subscribe serves a stream.
func (h *hub) subscribe(w http.ResponseWriter, r *http.Request) {
	t := h.topic(r.PathValue("name"))
	events, owed := t.join(r.Header.Get("Last-Event-ID"))
	defer t.leave(events)
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	fmt.Fprint(w, ": connected\n\n")
	for _, e := range owed {
		fmt.Fprintf(w, "data: %s\nid: %d\n\n", e.data, e.id)
	}
	for flusher.Flush() == nil {
		select {
		case e := <-events:
			fmt.Fprintf(w, "data: %s\nid: %d\n\n", e.data, e.id)
		case <-r.Context().Done():
			return
		}
	}
}

// join adds a subscriber, and returns what it is owed.
func (t *topic) join(after string) (events chan event, owed []event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	events = make(chan event, 1024)
	t.readers[events] = struct{}{}
	if id, err := strconv.Atoi(after); err == nil {
		for i, e := range t.history {
			if e.id > id {
				return events, t.history[i:]
			}
		}
	}
	return events, nil
}

// leave takes a subscriber away.
func (t *topic) leave(events chan event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.readers, events)
}

// publish takes an event.
func (h *hub) publish(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.topic(r.PathValue("name")).add(data)
}

// lines takes events of several topics.
func (h *hub) lines(w http.ResponseWriter, r *http.Request) {
	for in := json.NewDecoder(r.Body); ; {
		var line struct {
			User string          `json:"user"`
			Data json.RawMessage `json:"data"`
		}
		err := in.Decode(&line)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.topic(line.User).add(line.Data)
	}
}

// add gives an event to all subscribers; who is too far behind misses it.
func (t *topic) add(data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	e := event{t.last, data}
	t.history = append(t.history, e)
	if n := len(t.history); n >= 2*kept {
		t.history = append([]event(nil), t.history[n-kept:]...)
	}
	for events := range t.readers {
		select {
		case events <- e:
		default:
		}
	}
}
