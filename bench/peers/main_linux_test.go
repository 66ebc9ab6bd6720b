package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/load"
)

// The programs build, serve and are measured.
func TestAFewConnectionsToTheLimitAndToTheUsualServer(t *testing.T) {
	var out, errs bytes.Buffer
	err := run(t.Context(), []string{
		"-scenario", "^broadcast, 1 outstanding$|^herd", "-peers", "limit,naive", "-connections", "50", "-duration", "100ms", "-rounds", "1",
		"-server-cpu", "-1", "-load-cpu", "-1", "-others", "1e6",
	}, &out, &errs)
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	for _, want := range []string{"| limit | naive |", "| broadcast, 1 outstanding | CPU, µs per delivery |", "| herd, 100 events each | until all caught up, s |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "–") {
		t.Errorf("a figure is missing:\n%s", out.String())
	}
}

func TestScenariosCanBeChosen(t *testing.T) {
	var all, some bytes.Buffer
	if err := run(t.Context(), []string{"-list"}, &all, &all); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-list", "-scenario", "^owners"}, &some, &some); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(all.String(), "\n"); n != 16 || strings.Count(some.String(), "\n") != 4 {
		t.Errorf("%d scenarios, of which these begin with owners:\n%s", n, some.String())
	}
	for _, args := range []string{"-scenario (", "-rounds 0", "-connections 1", "-nonsense"} {
		if err := run(t.Context(), strings.Fields(args), &all, &all); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}

// measured returns a bench with three rounds of two peers, whose p99 are given.
func measured(limit, raw [3]float64) (*bench, []scenario) {
	b := &bench{settings: &settings{rounds: 3}, peers: []peer{{name: "limit"}, {name: "raw"}}, results: results{}}
	for round := range 3 {
		for name, ms := range map[string]float64{"limit": limit[round], "raw": raw[round]} {
			if ms > 0 {
				b.results[key{"s", name, round}] = &load.Report{Latency: &load.Quantiles{P99: 1e3 * ms}}
			}
		}
	}
	return b, []scenario{{name: "s", measures: []measure{latency(most("raw", 1.15, "limit"), bound{peer: "raw", value: 30, atLeast: true})}}}
}

// A ratio is of one round; what has no partner in its round does not count.
func TestTables(t *testing.T) {
	b, chosen := measured([3]float64{10, 20, 0}, [3]float64{11, 24, 90})
	var out bytes.Buffer
	b.printFigures(&out, chosen)
	b.printBounds(&out, chosen)
	const want = `| scenario | figure | limit | raw |
|---|---|---|---|
| s | p99, ms | 15.00 (10.00–20.00) | 24.00 (11.00–90.00) |

| scenario | figure | of | is | should be | |
|---|---|---|---|---|---|
| s | p99, ms | raw / limit | 1.15 (1.10–1.20) | ≤ 1.15 | yes |
| s | p99, ms | raw | 24.00 (11.00–90.00) | ≥ 30 | no |
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestPeersAreThoseThatTheServerOffers(t *testing.T) {
	names := func(help string) (names []string) {
		for _, p := range allPeers(help) {
			names = append(names, p.name)
		}
		return names
	}
	if got := strings.Join(names("--addr"), " "); got != "limit nchan naive portable" {
		t.Errorf("without a choice of delivery: %s", got)
	}
	if got := strings.Join(names("--delivery=HOW"), " "); got != "limit nchan naive portable raw" {
		t.Errorf("with one: %s", got)
	}
}
