//go:build race

package tidings_test

// million is how many a test of many things makes under the race detector,
// which makes each twenty times as slow.
const million = 50_000
