package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/nats"
)

// A file that lost its end looks like one of a log that is shorter. So a data
// directory has a note, beside the server's files, of from where the log went up to
// where: of some seconds ago, so that the disk has what is before, and exact when
// the log is closed.

// noteName is the file with the note.
const noteName = "tidings.head"

// noteEvery is how often it is written, if there is something new.
const noteEvery = 10 * time.Second

// A note is what is in the file.
type note struct {
	Floor tidings.ID `json:"floor"`
	Head  tidings.ID `json:"head"`
}

// readNote returns the note, or a zero one if there is none.
func (d *directory) readNote() (n note, err error) {
	text, err := os.ReadFile(d.file(noteName))
	if errors.Is(err, fs.ErrNotExist) {
		return note{}, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		return note{}, fmt.Errorf("%s cannot be read: %w: put a backup in place, or remove it if you trust the rest", d.file(noteName), err)
	}
	return n, nil
}

// writeNote writes the note.
func (d *directory) writeNote(n note) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return d.write(noteName, string(text)+"\n")
}

// keepNote writes the note from time to time, until ctx ends.
func (l *Log) keepNote(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var before, written note
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if before != written && l.directory.writeNote(before) == nil {
			written = before
		}
		if floor, head, err := l.Bounds(ctx); err == nil {
			before = note{floor, head}
		}
	}
}

// checkNote compares the log with what it was.
func (l *Log) checkNote(ctx context.Context, was note, accept bool) error {
	if was.Head.IsZero() {
		return nil
	}
	floor, head, err := l.Bounds(ctx)
	if err != nil {
		return err
	}
	lower := floor.Seq() < was.Floor.Seq()
	shorter, err := l.isShorter(ctx, was.Head)
	if err != nil || !lower && !shorter {
		return err
	}
	if !accept {
		return fmt.Errorf("%w: the log goes from %s to %s, and went from %s to %s. Files were damaged, or replaced by older ones: %s", nats.ErrDamaged, floor, head, was.Floor, was.Head, remedy)
	}
	if shorter {
		return l.acceptEnd(ctx)
	}
	return l.DiscardThrough(ctx, was.Floor.Seq())
}

// isShorter reports whether a position that the log had is none of it any more.
func (l *Log) isShorter(ctx context.Context, head tidings.ID) (bool, error) {
	for _, err := range l.Read(ctx, tidings.Selector{Everyone: true}, head) {
		if errors.Is(err, tidings.ErrForeign) {
			return true, nil
		}
		if errors.Is(err, tidings.ErrTruncated) {
			return false, nil
		}
		return false, err
	}
	return false, nil
}

// acceptEnd has everybody who read before the end of the log told that something is
// lost after it: the floor is an event that says so.
func (l *Log) acceptEnd(ctx context.Context) error {
	at, err := l.MarkLoss(ctx)
	if err != nil {
		return err
	}
	return l.directory.writeNote(note{at, at})
}
