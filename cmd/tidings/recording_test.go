package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write makes a file of a recording.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "some.run.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOffsetsBecomeTimes(t *testing.T) {
	const day = 24 * 3600 * 1000
	path := write(t, strings.Join([]string{
		`{"type":"RUN_STARTED","threadId":"t","_offset_ms":1000}`,
		`{"type":"A","_offset_ms":1010.5}`, ``,
		`{"type":"B"}`,
		`{"type":"C","_offset_ms":500}`, // back in time
		`{"type":"D","_offset_ms":600}` + "\r",
		fmt.Sprintf(`{"type":"E","_offset_ms":%d}`, day),
		`{"type":"F","_offset_ms":1e300}`,
	}, "\n"))
	for _, tt := range []struct{ session, want string }{
		{"s", "RUN_STARTED s 0s k-1|A s 10.5ms k-2|B s 10.5ms k-4|C s 10.5ms k-5|D s 110.5ms k-6|E s 5.1105s k-7|F s 10.1105s k-8"},
		{"", "RUN_STARTED t 0s k-1|A t 10.5ms k-2|B t 10.5ms k-4|C t 10.5ms k-5|D t 110.5ms k-6|E t 5.1105s k-7|F t 10.1105s k-8"},
	} {
		r, err := readRecording(path, &placer{channel: "agui", session: tt.session}, "u", "k", 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range r.events {
			got = append(got, fmt.Sprint(e.Type, " ", e.Session, " ", e.at, " ", e.Key))
		}
		if text := strings.Join(got, "|"); text != tt.want {
			t.Errorf("got  %s\nwant %s", text, tt.want)
		}
	}
}

func TestBadRecordingsAreRefusedWithTheirLine(t *testing.T) {
	for content, want := range map[string]string{
		"":     "holds no events",
		"\n\n": "holds no events",
		"{\"type\":\"RUN_STARTED\",\"threadId\":\"t\"}\n[]": "line 2",
		"{":                             "line 1",
		`{"type":"A","_offset_ms":"1"}`: "line 1",
		`{"type":"A"}`:                  "without a session",
	} {
		_, err := readRecording(write(t, content), &placer{channel: "agui"}, "", "k", time.Second)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

func FuzzRecording(f *testing.F) {
	f.Add([]byte(`{"type":"RUN_STARTED","_offset_ms":0}` + "\n" + `{"type":"X","_offset_ms":1e308}`))
	f.Add([]byte("{\"type\":\"A\",\"_offset_ms\":-1e308}\n\n {\"type\":\"B\",\"_offset_ms\":1e308}\r\n{\"type\":\"C\",\"_offset_ms\":null}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := new(recording)
		clock := recordedClock{maxGap: time.Second}
		place := &placer{channel: "agui", session: "s"}
		last := time.Duration(0)
		for line := range bytes.Lines(content) {
			if err := r.add(bytes.TrimSpace(line), place, &clock, "k"); err != nil {
				return
			}
			e := r.events[len(r.events)-1]
			if gap := e.at - last; gap < 0 || gap > time.Second {
				t.Fatalf("a gap of %v before %s", gap, e.Data)
			}
			if last = e.at; !json.Valid(e.Data) || !bytes.Contains(content, e.Data) {
				t.Fatalf("%q is not what was recorded", e.Data)
			}
		}
	})
}
