package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
)

// A summary tells what became of a replay.
type summary struct {
	Files      []fileSummary `json:"files"`
	Events     int           `json:"events"`
	Duplicates int           `json:"duplicates"`
	Bytes      int           `json:"bytes"`
	Seconds    float64       `json:"seconds"`

	total int
	began time.Time
	mu    sync.Mutex // guards Files and the counts
}

// A fileSummary is the part of one file.
type fileSummary struct {
	File       string `json:"file"`
	User       string `json:"user,omitempty"`
	Session    string `json:"session,omitempty"`
	Events     int    `json:"events"`
	Of         int    `json:"of"`
	Duplicates int    `json:"duplicates"`
	Error      string `json:"error,omitempty"`

	sizes []int // of the events
}

// newSummary returns that of a replay that begins.
func newSummary(recordings []*recording) *summary {
	s := &summary{began: time.Now()}
	for _, r := range recordings {
		f := fileSummary{File: r.name, User: r.user, Session: r.session(), Of: len(r.events)}
		for i := range r.events {
			f.sizes = append(f.sizes, len(r.events[i].Data))
		}
		s.Files = append(s.Files, f)
		s.total += len(r.events)
	}
	return s
}

// count adds what was published of a file.
func (s *summary) count(file int, receipts []tidings.Receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.Files[file]
	for _, r := range receipts {
		s.Bytes += f.sizes[f.Events]
		f.Events++
		s.Events++
		if r.Duplicate {
			f.Duplicates++
			s.Duplicates++
		}
	}
}

// end notes why a file ended, and returns what ends the others too.
func (s *summary) end(file int, err error) error {
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Files[file].Error = explain(err)
	if _, refused := errors.AsType[*client.ProblemError](err); refused || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// refused returns an error if files did not get to their end.
func (s *summary) refused() error {
	n, first := 0, ""
	for i := range s.Files {
		if f := &s.Files[i]; f.Error != "" {
			if n++; n == 1 {
				first = f.File + ": " + f.Error
			}
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d files did not get to their end, first %s", n, len(s.Files), first)
}

// print writes the summary.
func (s *summary) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FILE\tUSER\tSESSION\tEVENTS\tNOTE")
	for i := range s.Files {
		f := &s.Files[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.File, f.User, f.Session, f.progress(), f.note())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d events, %d bytes, in %s: %.0f events/s\n",
		s.Events, s.Bytes, round(time.Duration(s.Seconds*float64(time.Second))), float64(s.Events)/max(s.Seconds, 1e-3))
	return err
}

// progress returns how far a file got.
func (f *fileSummary) progress() string {
	if f.Events == f.Of {
		return fmt.Sprint(f.Of)
	}
	return fmt.Sprintf("%d of %d", f.Events, f.Of)
}

// note returns what was special about a file.
func (f *fileSummary) note() string {
	if f.Error == "" && f.Duplicates > 0 {
		return fmt.Sprintf("%d had to be sent again", f.Duplicates)
	}
	return f.Error
}
