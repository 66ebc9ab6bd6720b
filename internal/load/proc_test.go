package load_test

import (
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

func TestWhatTheKernelTellsIsRead(t *testing.T) {
	const stat = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 1049 0 0 0 250 175 0 0 20 0 9 0 86400 1267990528 6011 18446744073709551615\n"
	if got, err := load.ParseStat([]byte(stat)); err != nil || got != 4250*time.Millisecond {
		t.Errorf("stat: got %v, %v, want 4.25s", got, err)
	}
	const smaps = "55d0c0a00000-7ffd3a3f9000 ---p 00000000 00:00 0    [rollup]\nRss:               24044 kB\nPss:               23000 kB\n"
	if got, err := load.ParseRSS([]byte(smaps)); err != nil || got != 24044<<10 {
		t.Errorf("smaps_rollup: got %v, %v", got, err)
	}
	const machine = "cpu  100 20 3 9999 8888 4 50 600 70 7\ncpu0 1 2 3 4 5 6 7 8 9 10\n"
	if got, err := load.ParseBusy([]byte(machine)); err != nil || got != 7770*time.Millisecond {
		t.Errorf("/proc/stat: got %v, %v, want 7.77s: all but idle, iowait and what guests have of user", got, err)
	}
	if cpu, one := load.ParseAllowed([]byte("Name:\tx\nCpus_allowed_list:\t3\nMems_allowed_list:\t0\n")); cpu != 3 || !one {
		t.Errorf("pinned to one CPU: got %d, %v", cpu, one)
	}
}

func TestWhatTheKernelDoesNotTellIsAnError(t *testing.T) {
	for _, text := range []string{"", "1 (a) S 1", "4711 (x) S 1 1 1 0 -1 0 0 0 0 0 x 1 0"} {
		if got, err := load.ParseStat([]byte(text)); err == nil {
			t.Errorf("stat %q is %v", text, got)
		}
	}
	for _, text := range []string{"", "Rss: 5 MB\n", "Rss: x kB\n"} {
		if got, err := load.ParseRSS([]byte(text)); err == nil {
			t.Errorf("smaps_rollup %q is %v", text, got)
		}
	}
	for _, text := range []string{"", "cpu 1 2 3\n", "cpu0 1 2 3 4 5 6 7 8 9 10\n", "cpu x 2 3 4 5 6 7 8 9 10\n"} {
		if got, err := load.ParseBusy([]byte(text)); err == nil {
			t.Errorf("/proc/stat %q is %v", text, got)
		}
	}
	for _, text := range []string{"", "Cpus_allowed_list:\t0-1\n", "Cpus_allowed_list:\t0,3\n"} {
		if cpu, one := load.ParseAllowed([]byte(text)); one {
			t.Errorf("status %q is pinned to %d", text, cpu)
		}
	}
}
