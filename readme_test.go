package tidings_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheExample keeps the README's Go code and the program it is
// taken from the same.
func TestReadmeShowsTheExample(t *testing.T) {
	program := between(t, "examples/embed/main.go", "\t// README\n", "\t// end of README")
	shown := between(t, "README.md", "```go\n", "```")
	want := strings.ReplaceAll(strings.TrimPrefix(program, "\t"), "\n\t", "\n")
	if shown != want {
		t.Errorf("the README shows\n%s\nthe program is\n%s", shown, want)
	}
}

// between returns what stands between two marks in a file.
func between(t *testing.T, file, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), from)
	found, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q … %q", file, from, to)
	}
	return found
}
