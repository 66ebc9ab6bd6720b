package sse_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/sse"
)

// message returns a Message with the data.
func message(data string) sse.Event { return sse.Event{Data: []byte(data)} }

func TestAppendEvent(t *testing.T) {
	tests := []struct {
		name string
		e    sse.Event
		want string
	}{
		{"data", message("a"), "data: a\n\n"},
		{"everything", sse.Event{ID: "1-2", Name: "n", Data: []byte("{}")}, "event: n\ndata: {}\nid: 1-2\n\n"},
		{"inherited id is written", sse.Event{ID: "1", HasID: false, Data: []byte("a")}, "data: a\nid: 1\n\n"},
		{"id taken back", sse.Event{HasID: true, Data: []byte("a")}, "data: a\nid: \n\n"},
		{"LF", message("a\nb"), "data: a\ndata: b\n\n"},
		{"CR", message("a\rb"), "data: a\ndata: b\n\n"},
		{"CRLF", message("a\r\nb"), "data: a\ndata: b\n\n"},
		{"LF CR", message("a\n\rb"), "data: a\ndata: \ndata: b\n\n"},
		{"CR CR LF", message("a\r\r\nb"), "data: a\ndata: \ndata: b\n\n"},
		{"final line ends", message("a\n"), "data: a\ndata: \n\n"},
		{"final CR", message("a\r"), "data: a\ndata: \n\n"},
		{"first line end", message("\na"), "data: \ndata: a\n\n"},
		{"blank line inside", message("a\n\nid: 9\n\nb"), "data: a\ndata: \ndata: id: 9\ndata: \ndata: b\n\n"},
		{"spaces", message(" a "), "data:  a \n\n"},
		{"one space", message(" "), "data:  \n\n"},
		{"tab", message("\ta"), "data: \ta\n\n"},
		{"colon", message(": a"), "data: : a\n\n"},
		{"NUL in data", message("a\x00b"), "data: a\x00b\n\n"},
		{"byte order mark", message("\ufeffa"), "data: \ufeffa\n\n"},
		{"other separators", message("a\u2028b\u0085c\vd"), "data: a\u2028b\u0085c\vd\n\n"},
		{"spaces in id and name", sse.Event{ID: " 1 ", Name: " n ", Data: []byte("a")}, "event:  n \ndata: a\nid:  1 \n\n"},
		{"colon in id and name", sse.Event{ID: ":", Name: "a:b", Data: []byte("a")}, "event: a:b\ndata: a\nid: :\n\n"},
		{"position", sse.Event{Kind: sse.Position, ID: "7"}, "id: 7\n\n"},
		{"comment", sse.Event{Kind: sse.Comment, ID: "7", Data: []byte("a\nb")}, ": a\n: b\n\n"},
		{"broken comment", sse.Event{Kind: sse.Comment, Data: []byte("a\xff\xe2\x82")}, ": a\ufffd\ufffd\n\n"},
	}
	for _, tt := range tests {
		got, err := sse.AppendEvent([]byte("before "), tt.e)
		if err != nil || string(got) != "before "+tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestAppendEventRefuses(t *testing.T) {
	tests := []struct {
		field string
		e     sse.Event
		want  string
	}{
		{"id", sse.Event{ID: "1\n2"}, `sse: invalid id "1\n2": want one line without CR, LF and NUL`},
		{"id", sse.Event{ID: "1\r"}, `sse: invalid id "1\r": want one line without CR, LF and NUL`},
		{"id", sse.Event{ID: "\x00"}, `sse: invalid id "\x00": want one line without CR, LF and NUL`},
		{"id", sse.Event{ID: "\xff"}, `sse: invalid id "\xff": want valid UTF-8`},
		{"id", sse.Event{Kind: sse.Position, ID: "1\n\n"}, `sse: invalid id "1\n\n": want one line without CR, LF and NUL`},
		{"event", sse.Event{Name: "a\n"}, `sse: invalid event "a\n": want one line without CR, LF and NUL`},
		{"event", sse.Event{Name: "\r\na"}, `sse: invalid event "\r\na": want one line without CR, LF and NUL`},
		{"event", sse.Event{Name: "a\x00"}, `sse: invalid event "a\x00": want one line without CR, LF and NUL`},
		{"event", sse.Event{Name: "\xc3"}, `sse: invalid event "\xc3": want valid UTF-8`},
		{"data", sse.Event{}, `sse: invalid data "": want something besides line ends; AppendID moves a position without data`},
		{"data", message("\r\n\n\r"), `sse: invalid data "\r\n\n\r": want something besides line ends; AppendID moves a position without data`},
		{"data", message("a\xff"), `sse: invalid data "a\xff": want valid UTF-8; encode binary data, for example in base64`},
		{"kind", sse.Event{Kind: 9}, `sse: invalid kind "9": want Message, Position or Comment`},
	}
	for _, tt := range tests {
		if tt.e.Data == nil && tt.field != "data" {
			tt.e.Data = []byte("a")
		}
		got, err := sse.AppendEvent([]byte("before"), tt.e)
		refused, ok := errors.AsType[*sse.FieldError](err)
		if !ok || refused.Field != tt.field || refused.Error() != tt.want {
			t.Errorf("%+v: got %v, want %s", tt.e, err, tt.want)
		}
		if string(got) != "before" {
			t.Errorf("%+v: left %q", tt.e, got)
		}
	}
}

func TestFieldErrorShortensItsValue(t *testing.T) {
	_, err := sse.AppendID(nil, "x"+strings.Repeat("ä", 1000)+"\n")
	want := `sse: invalid id "x` + strings.Repeat("ä", 39) + `…": want one line without CR, LF and NUL`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAppendID(t *testing.T) {
	for id, want := range map[string]string{"1-2": "id: 1-2\n\n", "": "id: \n\n", " ": "id:  \n\n"} {
		got, err := sse.AppendID([]byte("x"), id)
		if err != nil || string(got) != "x"+want {
			t.Errorf("%q: got %q, %v, want %q", id, got, err, want)
		}
	}
	if got, err := sse.AppendID([]byte("x"), "1\n\ndata: 2"); err == nil || string(got) != "x" {
		t.Errorf("got %q, %v, want a refusal", got, err)
	}
}

func TestAppendComment(t *testing.T) {
	for text, want := range map[string]string{
		"":                      ": \n\n",
		"connected":             ": connected\n\n",
		"a\nb\rc\r\nd":          ": a\n: b\n: c\n: d\n\n",
		"\n\ndata: x\n\n":       ": \n: \n: data: x\n: \n: \n\n",
		"a\x00b":                ": a\x00b\n\n",
		"\xffdata\xe2\x82\nx":   ": \ufffddata\ufffd\n: x\n\n",
		" two spaces":           ":  two spaces\n\n",
		"ends in a carriage\r":  ": ends in a carriage\n: \n\n",
		strings.Repeat("p", 99): ": " + strings.Repeat("p", 99) + "\n\n",
	} {
		if got := sse.AppendComment([]byte("x"), text); string(got) != "x"+want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAppendRetry(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1:                       "",
		0:                        "retry: 0\n\n",
		1:                        "retry: 1\n\n",
		time.Millisecond:         "retry: 1\n\n",
		time.Millisecond + 1:     "retry: 2\n\n",
		3 * time.Second:          "retry: 3000\n\n",
		time.Duration(1<<63 - 1): "retry: 9223372036855\n\n",
	} {
		if got := sse.AppendRetry([]byte("x"), d); string(got) != "x"+want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestAppendingDoesNotAllocate(t *testing.T) {
	e := sse.Event{ID: "1763672400000000000-42", Name: "n", Data: []byte(strings.Repeat("{\"a\":1}\n", 100))}
	buf := make([]byte, 0, 1<<13)
	allocs := testing.AllocsPerRun(100, func() {
		b, _ := sse.AppendEvent(buf, e)
		b, _ = sse.AppendID(b, e.ID)
		b = sse.AppendComment(b, "keep-alive")
		sse.AppendRetry(b, 3*time.Second)
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want none", allocs)
	}
}
