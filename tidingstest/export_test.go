package tidingstest

import (
	"slices"
	"testing"
)

// Facts returns the names of the subtests that TestLog runs with h.
func (h Harness[B]) Facts(t testing.TB) []string {
	var names []string
	for _, f := range h.facts(t) {
		names = append(names, f.name)
	}
	return names
}

// Check runs one subtest of TestLog on t.
func (h Harness[B]) Check(t testing.TB, name string) {
	all := h.factsOf(true, true)
	h.check(t, all[slices.IndexFunc(all, func(f fact) bool { return f.name == name })])
}
