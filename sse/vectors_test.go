package sse_test

import (
	"bytes"
	_ "embed"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tidings-dev/tidings/sse"
)

//go:embed testdata/vectors.txt
var vectorsFile string

// A vector is one entry of testdata/vectors.txt.
type vector struct {
	name string
	opts sse.Options
	in   []byte
	want string
}

// readVectors parses testdata/vectors.txt.
func readVectors(t testing.TB) []vector {
	t.Helper()
	var all []vector
	for n, line := range strings.Split(vectorsFile, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		if word == "" || word == "#" {
			continue
		}
		if word == "==" {
			all = append(all, vector{name: rest})
			continue
		}
		if !all[len(all)-1].add(word, rest, line) {
			t.Fatalf("vectors.txt:%d: cannot read %s", n+1, line)
		}
	}
	return all
}

// add adds a line to a vector and reports whether it could.
func (v *vector) add(word, rest, line string) bool {
	switch word {
	case "with":
		return readOptions(&v.opts, rest)
	case "in":
		s, err := strconv.Unquote(rest)
		v.in = append(v.in, s...)
		return err == nil
	case "message", "position", "comment":
		v.want += normal(line) + "\n"
	case "end":
		v.want += normal(line)
	default:
		return false
	}
	return true
}

// normal quotes the strings of a line as trace does.
func normal(line string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(line, '"')
		if i < 0 {
			return b.String() + line
		}
		q, err := strconv.QuotedPrefix(line[i:])
		if err != nil {
			return err.Error()
		}
		s, _ := strconv.Unquote(q)
		b.WriteString(line[:i] + strconv.Quote(s))
		line = line[i+len(q):]
	}
}

// readOptions reads the rest of a line that begins with "with".
func readOptions(opts *sse.Options, rest string) bool {
	for word := range strings.FieldsSeq(rest) {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "comments":
			opts.Comments = true
		case "positions":
			opts.Positions = true
		case "max":
			opts.MaxEvent, err = strconv.Atoi(value)
		case "from":
			opts.LastEventID, err = strconv.Unquote(value)
		default:
			return false
		}
		if err != nil {
			return false
		}
	}
	return true
}

func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			check := func(how string, r io.Reader) {
				t.Helper()
				if got := trace(r, &v.opts); got != v.want {
					t.Errorf("%s:\n got\n%s\nwant\n%s", how, got, v.want)
				}
			}
			check("whole", bytes.NewReader(v.in))
			check("byte by byte", iotest.OneByteReader(bytes.NewReader(v.in)))
			check("with the end in the last read", iotest.DataErrReader(bytes.NewReader(v.in)))
			for i := range v.in {
				halves := io.MultiReader(bytes.NewReader(v.in[:i]), bytes.NewReader(v.in[i:]))
				check("split at "+strconv.Itoa(i), halves)
			}
		})
	}
}

// The reference decoder is right where the vectors are, so that the fuzzers
// may trust it elsewhere.
func TestReferenceAgreesWithVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		if v.opts.MaxEvent > 0 {
			continue
		}
		if got := reference(v.in, v.opts); got != v.want {
			t.Errorf("%s:\n got\n%s\nwant\n%s", v.name, got, v.want)
		}
	}
}
