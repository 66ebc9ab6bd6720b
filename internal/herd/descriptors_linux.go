package herd

import "syscall"

// mostDescriptors is how many descriptors are made room for at most: 8 bytes of
// the kernel each.
const mostDescriptors = 1 << 16

// MakeRoom has the kernel make room for as many descriptors as the process may
// have open, or 65,536 if those are more. Otherwise it does so whenever the table
// is full, which it doubles. For a process with threads that takes 10 to 20 ms, in
// which no connection is accepted.
func MakeRoom() {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur == 0 {
		return // it works without
	}
	last := min(limit.Cur, mostDescriptors) - 1
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, 0, syscall.F_DUPFD_CLOEXEC, uintptr(last))
	if errno == 0 {
		_ = syscall.Close(int(fd))
	}
}
