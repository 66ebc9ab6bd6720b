package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/load"
)

// short makes a measurement of the real server as short as it can be.
var short = []string{"-n", "20", "-d", "200ms", "--warmup", "10ms", "--url"}

// benched runs a benchmark, which has to succeed, and returns what it prints.
func benched(t *testing.T, url string, args ...string) string {
	t.Helper()
	got := finished(t, "", append(append([]string{"bench"}, append(short, url)...), args...)...)
	if got.code != 0 {
		t.Fatalf("%v: exit %d, %s", args, got.code, got.err)
	}
	return got.out
}

func TestBenchMeasuresEveryScenario(t *testing.T) {
	p, url := serving(t, "--max-connections", "20", "--drain", "1s")
	for _, args := range []string{
		"broadcast", "broadcast --window 16", "broadcast --rate 50", "owners --publishers 4", "owners --batch 10",
		"owners --rate 100", "herd --owed 20 --connecting 5", "stalled --stalled 2", "idle",
	} {
		var r load.Report
		if err := json.Unmarshal([]byte(benched(t, url, append(strings.Fields(args), "--json")...)), &r); err != nil {
			t.Fatal(err)
		}
		idle := r.Scenario == load.Idle
		if r.Connections != 20 || idle != (r.Deliveries == 0) || !idle && r.Seconds <= 0 {
			t.Errorf("%s: %+v", args, r)
		}
	}
	if out := benched(t, url); !strings.HasPrefix(out, "scenario ") {
		t.Errorf("not a table:\n%s", out)
	}
	if out := benched(t, url, "--go-bench"); !strings.HasPrefix(out, "BenchmarkBroadcast/connections=20/window=1\t") {
		t.Errorf("not a benchmark: %s", out)
	}
	p.signal()
	p.end()
}

func TestServeLimitsConnections(t *testing.T) {
	_, url := serving(t, "--max-connections", "3")
	got := finished(t, "", append(append([]string{"bench"}, append(short, url)...), "-n", "4")...)
	if got.code != 1 || !strings.Contains(got.err, "status 429") {
		t.Errorf("exit %d, %s", got.code, got.err)
	}
}
