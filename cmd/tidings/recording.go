package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tidings-dev/tidings"
)

// A recording is a run that was recorded: one event a line, each with the
// member "_offset_ms" that tells when it happened.
type recording struct {
	name   string
	user   string
	events []recorded
	bytes  int
}

// A recorded is one event of a recording.
type recorded struct {
	tidings.Event
	at time.Duration // since the start, without absurd gaps
}

// session returns that of the recording's first event.
func (r *recording) session() string { return r.events[0].Session }

// readRecording reads a file, as parseRecording does.
func readRecording(path string, place *placer, user, batch string, maxGap time.Duration) (*recording, error) {
	data, err := os.ReadFile(path) // #nosec G304 -- who runs the command names the file
	if err != nil {
		return nil, err
	}
	return parseRecording(path, data, place, user, batch, maxGap)
}

// parseRecording reads what a file holds. Gaps between events are at most
// maxGap. Keys begin with batch, which no other reading for the owner does.
func parseRecording(path string, data []byte, place *placer, user, batch string, maxGap time.Duration) (*recording, error) {
	r := &recording{name: filepath.Base(path), user: user}
	clock := recordedClock{maxGap: maxGap}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := r.add(line, place, &clock, fmt.Sprintf("%s-%d", batch, number)); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number, err)
		}
	}
	if len(r.events) == 0 {
		return nil, fmt.Errorf("%s holds no events: want a JSON object on each line", path)
	}
	return r, nil
}

// add adds a line.
func (r *recording) add(line []byte, place *placer, clock *recordedClock, key string) error {
	offset, err := parseOffset(line)
	if err != nil {
		return err
	}
	e, err := place.event(r.user, line)
	if err != nil {
		return err
	}
	e.Key = key
	r.events = append(r.events, recorded{e, clock.next(offset)})
	r.bytes += len(line)
	return nil
}

// parseOffset reads when a recorded event happened, in milliseconds; nil if
// the line does not say.
func parseOffset(line []byte) (*float64, error) {
	var e struct {
		Offset *float64 `json:"_offset_ms"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return nil, fmt.Errorf("%.80q: want a JSON object, whose _offset_ms, if it has one, is a number: %w", line, err)
	}
	return e.Offset, nil
}

// A recordedClock turns what a recorder wrote down into times that can be
// waited for: they never go back, and no gap is longer than maxGap.
type recordedClock struct {
	maxGap time.Duration
	last   *float64
	now    time.Duration
}

// next returns the time of the next event; one without an offset happens with
// the one before.
func (c *recordedClock) next(offset *float64) time.Duration {
	if offset == nil {
		return c.now
	}
	if c.last != nil {
		gap := min(max(*offset-*c.last, 0), float64(c.maxGap)/float64(time.Millisecond))
		c.now += time.Duration(gap * float64(time.Millisecond))
	}
	c.last = offset
	return c.now
}

// sessionOf returns the session that a file's events get.
func sessionOf(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
