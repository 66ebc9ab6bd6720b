package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What Linux tells of processes in /proc, see proc(5).

// ticksPerSecond is USER_HZ, in which /proc counts time; it is the same on
// every machine that Go runs on.
const ticksPerSecond = 100

// ticks returns a number of ticks as a time.
func ticks(n uint64) time.Duration { return time.Duration(n) * (time.Second / ticksPerSecond) }

// processCPU returns how long processes have had a CPU, in user and kernel
// mode.
func processCPU(pids []int) (total time.Duration, err error) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		cpu, err := parseStat(text)
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		total += cpu
	}
	return total, nil
}

// parseStat reads the CPU time in /proc/<pid>/stat. The name before it stands
// in parentheses and may hold spaces and parentheses itself.
func parseStat(text []byte) (time.Duration, error) {
	const user, system = 11, 12 // fields after the name
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= system {
		return 0, fmt.Errorf("stat: %.200q", text)
	}
	u, okUser := digits(fields[user])
	s, okSystem := digits(fields[system])
	if !okUser || !okSystem {
		return 0, fmt.Errorf("stat: %.200q", text)
	}
	return ticks(u + s), nil
}

// processRSS returns how many bytes of memory processes have.
func processRSS(pids []int) (total int64, err error) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		rss, err := parseRSS(text)
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		total += rss
	}
	return total, nil
}

// parseRSS reads the line of /proc/<pid>/smaps_rollup that tells it. The figure
// in status is cheaper and may be off by a megabyte.
func parseRSS(text []byte) (int64, error) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "Rss:" && string(fields[2]) == "kB" {
			n, ok := digits(fields[1])
			if !ok {
				break
			}
			return int64(n) << 10, nil
		}
	}
	return 0, fmt.Errorf("no line with Rss: %.200q", text)
}

// machineBusy returns how long all CPUs of the machine worked since it started,
// for whomever. What a hypervisor gave to others counts.
func machineBusy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	return parseBusy(text)
}

// parseBusy reads the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq, steal, and what is contained in user.
func parseBusy(text []byte) (busy time.Duration, err error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0, fmt.Errorf("/proc/stat: %.200q", line)
	}
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		n, ok := digits(fields[i])
		if !ok {
			return 0, fmt.Errorf("/proc/stat: %.200q", line)
		}
		busy += ticks(n)
	}
	return busy, nil
}

// pinned returns the CPU on which alone a process may run.
func pinned(pid int) (cpu int, is bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	return parseAllowed(text)
}

// parseAllowed reads the line of /proc/<pid>/status that tells it, which has a
// list such as 0-3,8.
func parseAllowed(text []byte) (cpu int, one bool) {
	for line := range bytes.Lines(text) {
		if list, ok := bytes.CutPrefix(line, []byte("Cpus_allowed_list:")); ok {
			n, err := strconv.Atoi(string(bytes.TrimSpace(list)))
			return n, err == nil
		}
	}
	return 0, false
}

// ksoftirqd returns the process of the kernel that does a CPU's network work
// when it piles up.
func ksoftirqd(cpu int) (pid int, err error) {
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return 0, err
	}
	want := "ksoftirqd/" + strconv.Itoa(cpu)
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(text)) == want {
			return strconv.Atoi(filepath.Base(filepath.Dir(name)))
		}
	}
	return 0, errors.New(want + " is not among the processes that can be seen")
}
