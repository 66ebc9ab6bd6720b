package tidings_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each claim of docs/security.md names what would fail if it did not hold.
func TestEveryClaimAboutSecurityHasItsTest(t *testing.T) {
	doc, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	there := testFunctions(t)
	for _, named := range regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(doc), -1) {
		if !there[named[1]] {
			t.Errorf("there is no %s", named[1])
		}
	}
	for line := range strings.SplitSeq(string(doc), "\n") {
		cells := strings.Split(line, "|")
		claim := len(cells) == 4 && !strings.Contains(line, "---") && strings.TrimSpace(cells[1]) != "claim"
		if claim && !strings.Contains(cells[2], "`") && strings.TrimSpace(cells[2]) != "the same" {
			t.Errorf("no test: %s", line)
		}
	}
}

// testFunctions returns the names of all tests of the project.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	there, declared := make(map[string]bool), regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, name := range declared.FindAllSubmatch(text, -1) {
			there[string(name[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}
