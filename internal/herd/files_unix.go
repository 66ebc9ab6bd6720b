//go:build unix

package herd

import (
	"math"
	"syscall"
)

// Files returns how many files, and so connections, the process may have open, or
// 0 if that is any number or not known.
func Files() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	if uint64(limit.Cur) > math.MaxInt32 {
		return 0
	}
	return int(limit.Cur)
}
