package pgtest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The messages of PostgreSQL's protocol 3: a byte that says which, and a body
// that begins with its length. See "Frontend/Backend Protocol" in PostgreSQL's
// documentation.

// read appends the next message to b.
func read(in *bufio.Reader, b []byte) ([]byte, error) {
	kind, err := in.ReadByte()
	if err != nil {
		return b, err
	}
	whole, err := readBody(in, append(b, kind))
	if err != nil {
		return b, unexpected(err)
	}
	return whole, nil
}

// readBody appends the next body, with its length, to b. A client's first
// message is only that.
func readBody(in *bufio.Reader, b []byte) ([]byte, error) {
	head, err := in.Peek(4)
	if err != nil {
		return b, err
	}
	n := int(binary.BigEndian.Uint32(head))
	if n < 4 || n > 1<<30 {
		return b, fmt.Errorf("a message of %d bytes", n)
	}
	from := len(b)
	b = slices.Grow(b, n)[:from+n]
	_, err = io.ReadFull(in, b[from:])
	return b, err
}

// unexpected returns the error of a message that ended before its end.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// encrypts reports whether a first message asks for encryption, by TLS or
// GSSAPI.
func encrypts(body []byte) bool {
	if len(body) != 8 {
		return false
	}
	code := binary.BigEndian.Uint32(body[4:])
	return code == 80877103 || code == 80877104
}

// An answer is what a server's messages up to a ReadyForQuery say.
type answer struct {
	done      bool // ReadyForQuery was there
	waits     bool // the server waits for what the client copies
	executed  bool // a statement was executed, or an error told
	changed   bool // a statement was one that commits if no transaction is open
	committed bool
}

// add takes note of a message.
func (a *answer) add(m []byte) {
	switch m[0] {
	case 'C': // CommandComplete
		a.executed = true
		a.changed = a.changed || changes(string(m[5:]))
	case 'E': // ErrorResponse
		a.executed = true
	case 'G', 'W': // CopyInResponse, CopyBothResponse
		a.waits = true
	case 'Z': // ReadyForQuery, I where no transaction is open
		a.done = true
		a.committed = a.changed && len(m) > 5 && m[5] == 'I'
	}
}

// changes reports whether a statement's tag is of one that commits by itself,
// or ends a transaction.
func changes(tag string) bool {
	verb, _, _ := strings.Cut(strings.TrimRight(tag, "\x00"), " ")
	return slices.Contains([]string{"COMMIT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY"}, verb)
}
