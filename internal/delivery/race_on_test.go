//go:build race

package delivery_test

// many is how many connections come and go in a test of many, fewer under the
// race detector, which makes each much slower.
const many = 2_000
