//go:build !unix

package pgtest

import (
	"os"
	"os/exec"
)

// newFolder makes a folder for the server.
func newFolder(dir string) (string, error) { return os.MkdirTemp(dir, "pgtest-") }

// asServer leaves a command as it is.
func asServer(*exec.Cmd) error { return nil }
