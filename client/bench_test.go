package client_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidings-dev/tidings/client"
)

// BenchmarkFollow is what a client spends on an event, from the bytes of the
// answer to the caller's loop: recorded runs as a server writes them, on a
// stream of payloads, of envelopes and of the feed. An operation is an event;
// MB/s are of the stream. Measure with GOMAXPROCS=1.
func BenchmarkFollow(b *testing.B) {
	lines := recorded(b)
	for _, bm := range []struct{ stream, before, after string }{
		{"agui", "", ""},
		{"contexts", `{"protocol":"agui","event":`, `,"session":"thread-1"}`},
		{"feed", `{"id":"%s","user":"alice","channel":"agui","session":"thread-1","type":"TEXT_MESSAGE_CONTENT","time":"2026-11-20T22:07:43.452675372Z","data":`, `}`},
	} {
		b.Run(bm.stream, func(b *testing.B) {
			var body []byte
			for n := range lines {
				id := fmt.Sprintf("1795212463452842463-%d", 1_000_001+n)
				before := bm.before
				if bm.stream == "feed" {
					before = fmt.Sprintf(before, id)
				}
				body = append(body, "data: "+before...)
				body = append(append(body, lines[n]...), bm.after+"\nid: "+id+"\n\n"...)
			}
			benchFollow(b, bm.stream, body, len(lines))
		})
	}
}

// recorded returns the events of all recorded runs.
func recorded(b *testing.B) [][]byte {
	files, err := filepath.Glob("../testdata/runs/agui/*.jsonl")
	if err != nil || len(files) == 0 {
		b.Fatalf("no runs: %v", err)
	}
	var lines [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		lines = append(lines, bytes.Split(bytes.TrimSpace(data), []byte("\n"))...)
	}
	return lines
}

// benchFollow follows a stream of count events, again and again.
func benchFollow(b *testing.B, name string, body []byte, count int) {
	b.SetBytes(int64(len(body) / count))
	b.ReportAllocs()
	once := func(context.Context) *http.Response {
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}},
			Body: io.NopCloser(bytes.NewReader(body)),
		}
	}
	for n := 0; n < b.N; {
		s := &script{answers: answers(once)}
		c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range c.Follow(b.Context(), client.Stream{Name: name}) {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n%count == 0 || n >= b.N {
				break
			}
		}
	}
}
