package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// A console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
	inTTY    bool
	outTTY   bool
	errTTY   bool
	width    int // of out, where that is a terminal
	noColour bool
}

// newConsole returns that of the process.
func newConsole() *console {
	c := &console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTTY: isTerminal(os.Stdin), outTTY: isTerminal(os.Stdout), errTTY: isTerminal(os.Stderr),
		noColour: os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb", // no-color.org
	}
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		c.width = w
	}
	return c
}

// An interruptibleReader reads until its context ends. What a Read of a
// terminal's still waits for then is left to the end of the process.
type interruptibleReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads what is there, or returns why it is not waited for.
func (i *interruptibleReader) Read(p []byte) (int, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		own := make([]byte, len(p)) // p is the caller's again when Read has returned
		n, err := i.r.Read(own)
		done <- result{own[:n], err}
	}()
	select {
	case got := <-done:
		return copy(p, got.text), got.err
	case <-i.ctx.Done():
		return 0, context.Cause(i.ctx)
	}
}

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// note tells the person, not the next program.
func (c *console) note(format string, args ...any) {
	fmt.Fprintln(c.err, paint(c.errTTY && !c.noColour, dim, fmt.Sprintf(format, args...)))
}

// A colour is an SGR parameter (ECMA-48).
type colour string

const (
	bold   colour = "1"
	dim    colour = "2"
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	blue   colour = "34"
	purple colour = "35"
	cyan   colour = "36"
)

// paint returns text in a colour, if colours are on and c is one.
func paint(on bool, c colour, text string) string {
	if !on || c == "" || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
