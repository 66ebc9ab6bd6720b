package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// print prints what was measured, as Markdown.
func (b *bench) print(w io.Writer, chosen []scenario) {
	fmt.Fprintf(w, "%s. %s. %d connections where nothing else is said, %d rounds of %s each; medians, and ranges in parentheses.\n\n",
		time.Now().Format(time.DateOnly), machine(), b.connections, b.rounds, b.duration)
	b.printFigures(w, chosen)
	b.printBounds(w, chosen)
	for _, list := range []struct {
		title string
		lines []string
	}{
		{fmt.Sprintf("Dropped, because other processes took more than %g %% of a CPU:", b.others), b.dropped},
		{"Failed:", b.failures},
		{"Warnings:", b.warnings},
	} {
		if len(list.lines) > 0 {
			fmt.Fprintf(w, "\n%s\n\n* %s\n", list.title, strings.Join(list.lines, "\n* "))
		}
	}
}

// printFigures prints the figures of all peers.
func (b *bench) printFigures(w io.Writer, chosen []scenario) {
	fmt.Fprint(w, "| scenario | figure |")
	for _, p := range b.peers {
		fmt.Fprintf(w, " %s |", p.name)
	}
	fmt.Fprintf(w, "\n|---|---|%s\n", strings.Repeat("---|", len(b.peers)))
	for _, s := range chosen {
		for _, m := range s.measures {
			fmt.Fprintf(w, "| %s | %s |", s.name, m.name)
			for _, p := range b.peers {
				fmt.Fprintf(w, " %s |", show(b.values(s.name, &m, p.name), m.digits))
			}
			fmt.Fprintln(w)
		}
	}
}

// values returns a figure of all rounds that count.
func (b *bench) values(scenario string, m *measure, peer string) (values []float64) {
	for round := range b.rounds {
		if r := b.results[key{scenario, peer, round}]; r != nil {
			values = append(values, m.of(r))
		}
	}
	return values
}

// show returns a median with its range.
func show(values []float64, digits int) string {
	switch len(values) {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf("%.*f", digits, values[0])
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, median(values), digits, slices.Min(values), digits, slices.Max(values))
}

// median returns that of values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}

// printBounds prints what should be and whether it is.
func (b *bench) printBounds(w io.Writer, chosen []scenario) {
	fmt.Fprint(w, "\n| scenario | figure | of | is | should be | |\n|---|---|---|---|---|---|\n")
	for _, s := range chosen {
		for _, m := range s.measures {
			for _, bound := range m.bounds {
				if values := b.against(&s, &m, &bound); len(values) > 0 {
					fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", s.name, m.name, bound.name(), show(values, 2), bound.text(), bound.verdict(median(values)))
				}
			}
		}
	}
}

// against returns a bound's figure in each round: the peer's own, or its
// multiple of the other.
func (b *bench) against(s *scenario, m *measure, bound *bound) (values []float64) {
	for round := range b.rounds {
		r := b.results[key{s.name, bound.peer, round}]
		if r == nil {
			continue
		}
		if bound.times == "" {
			values = append(values, m.of(r))
			continue
		}
		if other, ok := b.other(s, m, bound, round); ok && other > 0 {
			values = append(values, m.of(r)/other)
		}
	}
	return values
}

// other returns the figure that a bound is a multiple of.
func (b *bench) other(s *scenario, m *measure, bound *bound, round int) (float64, bool) {
	of := m
	if bound.measure != "" && bound.scenario == "" {
		of = &s.measures[slices.IndexFunc(s.measures, func(m measure) bool { return m.name == bound.measure })]
	}
	name := s.name
	if bound.scenario != "" {
		name = bound.scenario
	}
	r := b.results[key{name, bound.times, round}]
	if r == nil {
		return 0, false
	}
	return of.of(r), true
}

// name says whose figure a bound is about, and in relation to what.
func (b *bound) name() string {
	switch {
	case b.times == "":
		return b.peer
	case b.times != b.peer && b.scenario == "":
		return b.peer + " / " + b.times
	case b.times != b.peer:
		return b.peer + " / " + b.times + " in \"" + b.scenario + "\""
	case b.scenario != "":
		return b.peer + " / the same in \"" + b.scenario + "\""
	}
	return b.peer + " / " + b.measure
}

// text says what a bound's figure should be.
func (b *bound) text() string {
	if b.atLeast {
		return fmt.Sprintf("≥ %g", b.value)
	}
	return fmt.Sprintf("≤ %g", b.value)
}

// verdict says whether it is.
func (b *bound) verdict(value float64) string {
	if b.atLeast == (value >= b.value) || value == b.value {
		return "yes"
	}
	return "no"
}

// machine describes where it was measured.
func machine() string {
	model := "an unknown CPU"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.Trim(line, "\t: ")
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // of no consequence
	nginx, _ := exec.Command("nginx", "-v").CombinedOutput()
	parts := []string{fmt.Sprintf("%d CPUs of %s", runtime.NumCPU(), model), "Linux " + strings.TrimSpace(string(kernel)), runtime.Version()}
	if _, version, ok := strings.Cut(strings.TrimSpace(string(nginx)), "nginx version: "); ok {
		parts = append(parts, version)
	}
	return strings.Join(parts, ", ")
}
