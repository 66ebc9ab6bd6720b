//go:build !race

package tidings_test

// million is how many a test of many things makes.
const million = 1_000_000
