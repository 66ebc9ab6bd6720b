package httpapi

import (
	"maps"
	"slices"
)

// ProblemNames returns the names of all types of problems.
func ProblemNames() []string { return slices.Sorted(maps.Keys(problems)) }
