package httpapi_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/httpapi"
)

// Every problem's type is the address of a section.
func TestEveryProblemIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range httpapi.ProblemNames() {
		if !strings.Contains(string(doc), "\n### "+name+"\n") {
			t.Errorf("no section %s", name)
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link    = regexp.MustCompile(`\]\(#([^)]*)\)`)
	dropped = regexp.MustCompile(`[^a-z0-9 -]`)
)

func TestLinksWithinTheProtocolLead(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, h := range heading.FindAllSubmatch(doc, -1) {
		anchors[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(string(h[1])), ""), " ", "-")] = true
	}
	for _, l := range link.FindAllSubmatch(doc, -1) {
		if !anchors[string(l[1])] {
			t.Errorf("#%s leads nowhere", l[1])
		}
	}
}
