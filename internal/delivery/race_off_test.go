//go:build !race

package delivery_test

// many is how many connections come and go in a test of many.
const many = 20_000
