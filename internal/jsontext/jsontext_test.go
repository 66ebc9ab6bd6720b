package jsontext_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidings-dev/tidings/internal/jsontext"
)

func TestStringsAreReadBackAndNeedNoMoreThanTheyMust(t *testing.T) {
	for in, want := range map[string]string{
		``: `""`, `plain`: `"plain"`, `say "hi" \o/`: `"say \"hi\" \\o/"`, "a\nb\rc\td": `"a\nb\rc\td"`,
		"\x00\x1f\x7f": "\"\\u0000\\u001f\x7f\"", `<&>é€😀`: `"<&>é€😀"`, "\u2028": "\"\u2028\"", "a\xffb\xc3": "\"a\uFFFDb\uFFFD\"",
	} {
		if got := string(jsontext.AppendString(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := string(jsontext.AppendString([]byte("x"), "y")); got != `x"y"` {
		t.Errorf("got %s", got)
	}
}

// Strings are looked at eight bytes at a time: every byte is tried at every
// place.
func TestEveryByteAtEveryPlace(t *testing.T) {
	for place := range 20 {
		for c := range 256 {
			s := []byte(strings.Repeat("x", 20))
			s[place] = byte(c)
			readBack(t, string(s))
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "\"\\\n", "é\xff", "0123456\x1f89\"", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { readBack(t, s) })
}

// readBack compares what encoding/json reads with what was written.
func readBack(t *testing.T, s string) {
	t.Helper()
	data := jsontext.AppendString(nil, s)
	var got string
	if err := json.Unmarshal(data, &got); err != nil || !utf8.Valid(data) || bytes.ContainsAny(data, "\r\n") {
		t.Fatalf("%q: %v, written as %q", s, err, data)
	}
	if want := string([]rune(s)); got != want {
		t.Fatalf("%q is read back as %q", s, got)
	}
}
