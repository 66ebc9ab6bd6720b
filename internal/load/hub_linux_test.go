package load_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A hub is a small server of event streams that can be made to err.
type hub struct {
	url string

	// wrong returns what a subscriber gets in place of a frame; nil is the
	// frame.
	wrong func(subscriber, number int, frame string) []string
	// slow is called before an event is taken.
	slow func(number int)
	// deadline is how long a write may take.
	deadline time.Duration
	refuse   int  // a status for streams
	forgets  int  // the number of an event that is not kept
	pieces   bool // whether what is sent arrives in pieces

	mu      sync.Mutex // guards what follows
	last    int        // number of events
	topics  map[string]*topic
	streams int
	sent    int // events to subscribers
}

// A topic is an owner's.
type topic struct {
	history []string
	readers map[chan string]int
}

// newHub starts a hub that ends with the test.
func newHub(t *testing.T, set ...func(*hub)) *hub {
	h := &hub{topics: map[string]*topic{}, deadline: 10 * time.Second}
	for _, set := range set {
		set(h)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sub/{user}", h.stream)
	mux.HandleFunc("POST /pub/{user}", h.publish)
	mux.HandleFunc("POST /lines", h.lines)
	mux.HandleFunc("POST /open", h.open)
	server := httptest.NewUnstartedServer(mux)
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(16 << 10) // soon full, if nobody reads
		return ctx
	}
	server.Start()
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// counts returns how many events there were, and how many frames.
func (h *hub) counts() (events, frames int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last, h.sent
}

// at returns the topic of an owner. h.mu must be held.
func (h *hub) at(user string) *topic {
	if h.topics[user] == nil {
		h.topics[user] = &topic{readers: map[chan string]int{}}
	}
	return h.topics[user]
}

// stream serves a subscriber.
func (h *hub) stream(w http.ResponseWriter, r *http.Request) {
	if h.refuse != 0 {
		http.Error(w, "no more of you", h.refuse)
		return
	}
	frames := make(chan string, 1000)
	h.mu.Lock()
	topic := h.at(r.PathValue("user"))
	number := h.streams
	h.streams++
	owed := topic.history
	if after, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil {
		for i, frame := range owed {
			if strings.Contains(frame, fmt.Sprintf("\nid: %d\n", after)) {
				owed = owed[i+1:]
				break
			}
		}
	} else {
		owed = nil
	}
	topic.readers[frames] = number
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(topic.readers, frames)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	send := func(text string) bool {
		if h.pieces { // the header, and a frame's beginning, come alone
			_ = control.Flush()
			half := len(text) / 2
			_, _ = io.WriteString(w, text[:half])
			_ = control.Flush()
			text = text[half:]
		}
		_ = control.SetWriteDeadline(time.Now().Add(h.deadline))
		_, err := io.WriteString(w, text)
		return err == nil && control.Flush() == nil && text != "end"
	}
	if !send(": connected\n\n" + strings.Join(owed, "")) {
		return
	}
	for {
		select {
		case frame := <-frames:
			if !send(frame) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// publish takes one event.
func (h *hub) publish(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	fmt.Fprintf(w, "{\"id\":\"%d\"}", h.add(r.PathValue("user"), string(data)))
}

// lines takes a batch.
func (h *hub) lines(w http.ResponseWriter, r *http.Request) {
	for in := bufio.NewScanner(r.Body); in.Scan(); {
		h.line(in.Bytes())
	}
	fmt.Fprint(w, strings.Repeat(" ", 5000)) // more than one chunk
}

// open takes lines and answers each.
func (h *hub) open(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	_ = control.Flush()
	for in := bufio.NewScanner(r.Body); in.Scan(); {
		fmt.Fprintf(w, "{\"id\":\"%d\"}\n", h.line(in.Bytes()))
		_ = control.Flush()
	}
}

// line adds the event of a line.
func (h *hub) line(text []byte) int {
	var line struct {
		User string          `json:"user"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		panic(err)
	}
	return h.add(line.User, string(line.Data))
}

// add sends an event to an owner's subscribers.
func (h *hub) add(user, data string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	if h.slow != nil {
		h.slow(h.last)
	}
	topic := h.at(user)
	frame := fmt.Sprintf("data: %s\nid: %d\n\n", data, h.last)
	if h.last != h.forgets {
		topic.history = append(topic.history, frame)
	}
	for frames, number := range topic.readers {
		texts := []string{frame}
		if h.wrong != nil {
			if instead := h.wrong(number, h.last, frame); instead != nil {
				texts = instead
			}
		}
		for _, text := range texts {
			frames <- text
			h.sent++
		}
	}
	return h.last
}
