package main

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	exported   = regexp.MustCompile(`(?m)^# TYPE (tidings_\w+) `)
	inATable   = regexp.MustCompile("(?m)^\\|((?: `tidings_\\w+`,?)+) \\|")
	metricName = regexp.MustCompile(`tidings_\w+`)
	seriesOf   = regexp.MustCompile(`(_bucket|_count|_sum)$`)
	value      = regexp.MustCompile(`(problem|reason)=~?"([^"]*)"`)
)

// The documentation names every figure that a server has, and no other; its alerts
// are about those, and about labels that there are.
func TestFiguresAreDocumented(t *testing.T) {
	_, url := serving(t)
	figures := fetched(t, url+"/metrics")
	section := watching(t)
	documented, served := map[string]bool{}, map[string]bool{}
	for _, row := range inATable.FindAllString(section, -1) {
		for _, name := range metricName.FindAllString(row, -1) {
			documented[name] = true
		}
	}
	for _, found := range exported.FindAllStringSubmatch(figures, -1) {
		served[found[1]] = true
	}
	if got, want := slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(documented)); !slices.Equal(got, want) || len(got) < 15 {
		t.Errorf("served are %q\ndocumented %q", got, want)
	}
	for _, name := range metricName.FindAllString(section, -1) {
		if name = seriesOf.ReplaceAllString(name, ""); !served[name] && name != "tidings_log_" {
			t.Errorf("%s is in the text, and not served", name)
		}
	}
	for _, found := range value.FindAllStringSubmatch(section, -1) {
		for v := range strings.SplitSeq(found[2], "|") {
			if label := found[1] + `="` + v + `"`; !strings.Contains(figures, label) {
				t.Errorf("no figure has the label %s", label)
			}
		}
	}
	for _, reason := range regexp.MustCompile(`reason="(\w+)"`).FindAllStringSubmatch(figures, -1) {
		if !strings.Contains(section, "`"+reason[1]+"`") {
			t.Errorf("the reason %s is not documented", reason[1])
		}
	}
}

func TestServeCountsWhatItDoes(t *testing.T) {
	_, url := serving(t)
	if got := finished(t, "", "publish", "--url", url, "--user", "alice", "--data", "1"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	fetched(t, url+"/v1/stream/agui")
	figures := fetched(t, url+"/metrics")
	for _, want := range []string{
		"tidings_publish_seconds_count 1\n", `tidings_refused_requests_total{problem="user-missing"} 1` + "\n", `tidings_refused_requests_total{problem="forbidden"} 0` + "\n",
		`tidings_ended_streams_total{reason="gone"} 0` + "\n", "tidings_delivery_lag_seconds_count 0\n", "tidings_published_events_total 1\n",
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("no %s", want)
		}
	}
}

// fetched returns what is at an address.
func fetched(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// watching returns the section of docs/operations.md about every server.
func watching(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "\n## Watching a server\n")
	if !ok {
		t.Fatal("there is no such section")
	}
	return section
}
