package sse_test

import (
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/tidings-dev/tidings/sse"
)

// How do I read events from a response?
func ExampleDecoder_Events() {
	body := strings.NewReader("id: 1\nevent: greeting\ndata: hello\n\ndata: two\ndata: lines\n\n")

	for e, err := range sse.NewDecoder(body, nil).Events() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q %q %q\n", e.ID, e.Name, e.Data)
	}
	// Output:
	// "1" "greeting" "hello"
	// "1" "" "two\nlines"
}

// How do I resume where a stream was cut?
func ExampleDecoder_LastEventID() {
	position, wait := "", 3*time.Second
	for _, body := range []string{
		"retry: 500\n\nid: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: cut he",
		"data: sent without an id\n\n",
	} {
		fmt.Printf("Last-Event-ID: %q\n", position)
		d := sse.NewDecoder(strings.NewReader(body), &sse.Options{LastEventID: position})
		for e, err := range d.Events() {
			if err != nil {
				break
			}
			fmt.Printf("%s\n", e.Data)
		}
		position = d.LastEventID()
		if asked, ok := d.Retry(); ok {
			wait = min(asked, time.Minute)
		}
	}
	fmt.Println("at", position, "waiting", wait)
	// Output:
	// Last-Event-ID: ""
	// a
	// Last-Event-ID: "2"
	// sent without an id
	// at 2 waiting 500ms
}

// How do I see keep-alives and positions that come without data?
func ExampleOptions() {
	body := strings.NewReader(": connected\n\nid: 41\n\nid: 42\ndata: a\n\n: keep-alive\n\nid: 57\n\n")

	for e, err := range sse.NewDecoder(body, &sse.Options{Comments: true, Positions: true}).Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch e.Kind {
		case sse.Message:
			fmt.Printf("message %s at %s\n", e.Data, e.ID)
		case sse.Position:
			fmt.Printf("position %s\n", e.ID)
		case sse.Comment:
			fmt.Printf("comment %s\n", e.Data)
		}
	}
	// Output:
	// comment connected
	// position 41
	// message a at 42
	// comment keep-alive
	// position 57
}

// How do I begin a stream, and write an event?
func ExampleAppendEvent() {
	b := sse.AppendComment(nil, "connected")
	b = sse.AppendRetry(b, 3*time.Second)
	b, err := sse.AppendID(b, "1763672400000000000-41")
	if err != nil {
		log.Fatal(err)
	}
	b, err = sse.AppendEvent(b, sse.Event{
		ID:   "1763672400000000000-42",
		Name: "note",
		Data: []byte("first line\nsecond line"),
	})
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(b)
	// Output:
	// : connected
	//
	// retry: 3000
	//
	// id: 1763672400000000000-41
	//
	// event: note
	// data: first line
	// data: second line
	// id: 1763672400000000000-42
}

// What happens to a value that would begin a field of its own?
func ExampleFieldError() {
	_, err := sse.AppendEvent(nil, sse.Event{Name: "note\ndata: forged", Data: []byte("hello")})
	fmt.Println(err)
	// Output:
	// sse: invalid event "note\ndata: forged": want one line without CR, LF and NUL
}
