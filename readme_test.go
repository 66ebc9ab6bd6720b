package tidings_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the README's code from the examples")

// shown finds the Go code in a text, and the comment before it that says which
// program it is from.
var shown = regexp.MustCompile("(?s)(?:<!-- (\\S+) -->\n)?```go\n(.*?)```\n")

// TestReadmeShowsTheExamples keeps the README's Go code and the programs it is
// taken from the same; each is tested where it is.
func TestReadmeShowsTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := 0
	want := shown.ReplaceAllStringFunc(string(readme), func(block string) string {
		program := shown.FindStringSubmatch(block)[1]
		if program == "" {
			t.Errorf("no example is named before\n%s", block)
			return block
		}
		programs++
		return "<!-- " + program + " -->\n```go\n" + excerpt(t, program) + "```\n"
	})
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(readme) {
		t.Error("the README does not show the examples as they are: go test -run Readme -update . rewrites it")
	}
	if examples, err := os.ReadDir("examples"); err != nil || len(examples) != programs {
		t.Errorf("the README shows %d of %d examples, %v", programs, len(examples), err)
	}
}

// excerpt returns the parts of a program that stand between marks, without
// their indentation.
func excerpt(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for i, part := range regexp.MustCompile(`(?m)^\t*// (?:end of )?README\n`).Split(string(text), -1) {
		if i%2 == 1 {
			indent := part[:len(part)-len(strings.TrimLeft(part, "\t"))]
			part = strings.ReplaceAll("\n"+strings.Trim(part, "\n"), "\n"+indent, "\n")
			parts = append(parts, strings.TrimPrefix(part, "\n")+"\n")
		}
	}
	if len(parts) == 0 {
		t.Fatalf("%s has no part between // README and // end of README", file)
	}
	return strings.Join(parts, "\n")
}
