package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

// A served is what a server sends to who presents a position, or none.
type served map[string]string

// cutting is a server whose first stream is cut after so many bytes, with an
// error or as if it ended well; it ends the others when it has said all.
type cutting struct {
	streams served
	after   int
	broken  bool
	count   int
}

func (c *cutting) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.count++; c.count > 10 {
		return nil, errors.New("too many connections")
	}
	at := req.Header.Get("Last-Event-ID")
	if at == "" {
		at = req.URL.Query().Get("after")
	}
	body, known := c.streams[at]
	if !known {
		return answer(400, "", "no such position: "+at)(req.Context()), nil
	}
	if body == "" {
		return answer(204, "", "")(req.Context()), nil
	}
	r := stream(body)(req.Context())
	if c.count == 1 {
		r = stream(body[:c.after])(req.Context())
		if c.broken {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:c.after]), broken{}))
		}
	}
	return r, nil
}

// A stream that is cut after any byte goes on so that everything is seen once,
// in order, notices of loss included.
func TestFollowSeesEverythingOnceWhereverAStreamIsCut(t *testing.T) {
	start := ": connected\n\nretry: 10\n\n"
	text := "data: {\"n\": \"é€😀\"}\n"
	events := func(from int) (all string) {
		for n := from; n <= 9; n++ {
			all += text + "id: " + at(1, n) + "\n\n"
		}
		return all
	}
	notice := "event: tidings.lost\ndata: {\"after\":\"1-5\",\"oldest\":\"1-6\",\"reason\":\"expired\"}\nid: 1-6\n\n"
	snapshot := position(1, 5) + lost("1-5", "1-6") + state(1, 7) + change(1, 8) + change(1, 9)
	for _, tt := range []struct {
		name, stream, after string
		streams             served
		seen                string
	}{
		{"events", "agui", "1-5", served{
			"1-5": start + position(1, 5) + events(6), "1-6": position(1, 6) + events(7), "1-7": events(8), "1-8": events(9), "1-9": "",
		}, "6 7 8 9"},
		{"CRLF", "agui", "1-5", served{
			"1-5": strings.ReplaceAll(start+position(1, 5)+events(6), "\n", "\r\n"), "1-6": events(7), "1-7": events(8), "1-8": events(9), "1-9": "",
		}, "6 7 8 9"},
		{"figures", "analytics", "1-8", served{"1-8": figure + events(9), "1-9": ""}, "0 9"},
		{"a notice with a position", "agui", "1-5", served{
			"1-5": start + position(1, 5) + notice + events(7), "1-6": events(7), "1-7": events(8), "1-8": events(9), "1-9": "",
		}, "lost 5 7 8 9"},
		{"a notice and a snapshot", "contexts", "1-5", served{
			"1-5": start + snapshot, "1-7": position(1, 7) + change(1, 8) + change(1, 9), "1-8": change(1, 9), "1-9": "",
		}, "lost 5 7 8 9"},
		{"a snapshot", "contexts", "", served{
			"": start + state(1, 7) + change(1, 8) + change(1, 9), "1-7": change(1, 8) + change(1, 9), "1-8": change(1, 9), "1-9": "",
		}, "7 8 9"},
	} {
		var after tidings.ID
		if err := after.UnmarshalText([]byte(tt.after)); err != nil {
			t.Fatal(err)
		}
		for cut := range len(tt.streams[tt.after]) + 1 {
			for _, broken := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					s := &cutting{streams: tt.streams, after: cut, broken: broken}
					c, err := client.New("http://hub.test", &client.Options{HTTPClient: &http.Client{Transport: s}})
					if err != nil {
						t.Fatal(err)
					}
					got := sequence(t, c, client.Stream{Name: tt.stream, After: after})
					if tt.name == "figures" { // come to who is there
						got = "0 " + strings.ReplaceAll(got, "0 ", "")
					}
					check(t, fmt.Sprintf("%s cut after %d", tt.name, cut), got, tt.seen)
				})
			}
		}
	}
}
