package herd_test

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/tidings-dev/tidings/internal/herd"
)

func TestThereIsRoomForAllDescriptors(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	herd.MakeRoom()
	if want := min(limit.Cur, 65536); room(t) < want {
		t.Errorf("there is room for %d descriptors: want %d", room(t), want)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors were open before and %d after", before, after)
	}
}

// room returns how many descriptors the kernel's table has room for.
func room(t *testing.T) (n uint64) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := bytes.Cut(status, []byte("FDSize:"))
	if _, err := fmt.Sscan(string(line), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
