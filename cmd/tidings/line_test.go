package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/tidings-dev/tidings"
)

// event returns an event that is hard on a terminal.
func event(data string) *tidings.Event {
	return &tidings.Event{
		ID: tidings.NewID(time.Unix(1, 0), 7), User: "a\u202elice", Channel: "agui", Session: "s\"1", Type: "RUN_ERROR",
		Data: []byte(data),
	}
}

func TestAJSONLineHasThePayloadAsItIs(t *testing.T) {
	var out bytes.Buffer
	c := &console{out: &out}
	if err := c.jsonLine(event(`{ "x" : "<é\u2028>" }`)); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"1000000000-7","user":"a` + "\u202e" + `lice","channel":"agui","session":"s\"1","type":"RUN_ERROR","data":{ "x" : "<é\u2028>" }}` + "\n"
	if got := out.String(); got != want || !json.Valid(out.Bytes()) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// It has no position and happens now.
func TestAFigureHasNoID(t *testing.T) {
	var out bytes.Buffer
	c := &console{out: &out, noColour: true}
	figure := &tidings.Event{Channel: tidings.Analytics, Type: "REAL_TIME_STATS", Data: []byte(`{"n":1}`)}
	if err := errors.Join(c.jsonLine(figure), c.readable(figure)); err != nil {
		t.Fatal(err)
	}
	line, readable, _ := strings.Cut(out.String(), "\n")
	if want := `{"channel":"analytics","type":"REAL_TIME_STATS","data":{"n":1}}`; line != want {
		t.Errorf("got %s, want %s", line, want)
	}
	at, err := time.ParseInLocation("15:04:05.000", readable[:12], time.Local)
	now, _ := time.ParseInLocation("15:04:05.000", time.Now().Format("15:04:05.000"), time.Local)
	if off := now.Sub(at); err != nil || off > time.Minute && off < 24*time.Hour-time.Minute {
		t.Errorf("%s: %v", readable, err)
	}
}

func TestALineCannotSteerTheTerminal(t *testing.T) {
	for _, noColour := range []bool{true, false} {
		var out bytes.Buffer
		c := &console{out: &out, noColour: noColour, width: 100}
		if err := c.readable(event("{\"x\": \"\u009b2J\u202e\x7f" + strings.Repeat("é", 200) + "\"}")); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(out.String(), "\n")
		plain := line
		for _, code := range []string{"0", "1", "2", "31", "32", "33", "34", "35", "36"} {
			plain = strings.ReplaceAll(plain, "\x1b["+code+"m", "")
		}
		if strings.ContainsFunc(plain, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", plain)
		}
		if n := len([]rune(plain)); n > 100 {
			t.Errorf("%d characters in a terminal of 100: %q", n, plain)
		}
		if noColour && plain != line {
			t.Errorf("NO_COLOR, but %q", line)
		}
	}
}
