//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// newFolder makes a folder for the user that the server runs as.
func newFolder(dir string) (string, error) {
	if dir == "" && os.Getuid() == 0 {
		dir = everybodys()
	}
	folder, err := os.MkdirTemp(dir, "pgtest-")
	if err != nil || os.Getuid() != 0 {
		return folder, err
	}
	uid, gid, err := serverUser()
	if err == nil {
		err = os.Chown(folder, uid, gid)
	}
	if err != nil {
		os.Remove(folder)
	}
	return folder, err
}

// everybodys returns the folder for temporary files if everybody may make and
// remove his own there, and otherwise the system's: root's TMPDIR may be root's
// only.
func everybodys() string {
	info, err := os.Stat(os.TempDir())
	if err == nil && info.Mode()&os.ModeSticky != 0 && info.Mode().Perm() == 0o777 {
		return os.TempDir()
	}
	return "/tmp"
}

// asServer has a command run as the user that the server runs as, in a session
// of its own: an interrupt at the terminal is not for it.
func asServer(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := serverUser()
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return nil
}

// serverUser returns the user that root runs the server as.
func serverUser() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("root cannot run PostgreSQL, and there is no user to run it as: %w", err)
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
