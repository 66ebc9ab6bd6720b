package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is "tidings version".
type version struct{}

// release is set by the linker when a release is built.
var release string

// Run prints the version.
func (version) Run(c *console) error {
	_, err := fmt.Fprintf(c.out, "tidings %s %s %s/%s\n", versionName(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionName returns the release, or what the build knows.
func versionName() string {
	built := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		built = info.Main.Version
	}
	return cmp.Or(release, built, "dev")
}
