package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// A socket has no path before it has its permissions, which nothing can be seen of
// once it is listened on.
func TestASocketIsNotOpenToOthersForAMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	config := net.ListenConfig{Control: permit(0o600)}
	l, err := config.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&^0o600 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
