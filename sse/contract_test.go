package sse_test

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/sse"
)

//go:embed testdata/contract.txt
var contractFile string

// A contract is one entry of testdata/contract.txt.
type contract struct {
	vector
	chunks    []string
	ends      bool
	elsewhere bool
}

// readContracts parses testdata/contract.txt.
func readContracts(t *testing.T) []contract {
	t.Helper()
	var all []contract
	for n, line := range strings.Split(contractFile, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "", "#":
		case "==":
			all = append(all, contract{vector: vector{name: rest}})
		default:
			if !all[len(all)-1].add(word, rest, line) {
				t.Fatalf("contract.txt:%d: cannot read %s", n+1, line)
			}
		}
	}
	return all
}

// add adds a line to a contract and reports whether it could.
func (c *contract) add(word, rest, line string) bool {
	switch word {
	case "ends":
		c.ends = true
		return rest == ""
	case "elsewhere":
		c.elsewhere = true
		return rest != ""
	case "in":
		s, err := strconv.Unquote(rest)
		c.chunks = append(c.chunks, s)
		return err == nil
	}
	return c.vector.add(word, rest, line)
}

// The cases and their source are in testdata/contract.txt.
func TestContract(t *testing.T) {
	all := readContracts(t)
	if len(all) != 45 {
		t.Errorf("%d cases, want 45", len(all))
	}
	for _, c := range all {
		if c.elsewhere {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r\n", "\r"} {
				if end == "\n" || c.ends {
					checkContract(t, &c, end)
				}
			}
		})
	}
}

// checkContract decodes the chunks of a case with the line end given, and the
// same cut in other ways.
func checkContract(t *testing.T, c *contract, end string) {
	t.Helper()
	var chunked []io.Reader
	var whole []byte
	for _, chunk := range c.chunks {
		chunk = strings.ReplaceAll(chunk, "\n", end)
		chunked = append(chunked, strings.NewReader(chunk))
		whole = append(whole, chunk...)
	}
	for how, r := range map[string]io.Reader{
		"in chunks": io.MultiReader(chunked...), "whole": bytes.NewReader(whole),
		"byte by byte": &chunks{rest: whole, sizes: []byte{0}}, "by two bytes": &chunks{rest: whole, sizes: []byte{1}},
	} {
		if got := trace(r, &c.opts); got != c.want {
			t.Errorf("%s, lines ending in %q:\n got\n%s\nwant\n%s", how, end, got, c.want)
		}
	}
}

func TestContractOfLargeMessages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 14<<20)
	for i := range text {
		text[i] = 'A' + byte(random.IntN(26))
	}
	for _, cut := range []int{0, 7 << 20} {
		r := io.MultiReader(
			strings.NewReader("data: "+string(text[:cut])), strings.NewReader(string(text[cut:])+"\n\n"))
		n := 0
		for e, err := range sse.NewDecoder(r, nil).Events() {
			if n++; err != nil || !bytes.Equal(e.Data, text) {
				t.Errorf("cut after %d: got %d bytes, %v", cut, len(e.Data), err)
			}
		}
		if n != 1 {
			t.Errorf("cut after %d: %d events", cut, n)
		}
	}
}

func TestContractOfManyMessages(t *testing.T) {
	var stream, want strings.Builder
	for n := range 100 {
		fmt.Fprintf(&stream, "data: message %d\n\n", n)
		fmt.Fprintf(&want, "message \"message %d\"\n", n)
	}
	if got := trace(strings.NewReader(stream.String()), nil); got != want.String()+"end" {
		t.Errorf("got\n%s", got)
	}
}
