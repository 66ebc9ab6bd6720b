package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// A database is a PostgreSQL that runs for the measurements, with the settings
// that it has when nobody changes them, fsync included.
type database struct {
	cmd   *exec.Cmd
	bin   string // where its programs are
	port  int
	count int // of the databases in it
}

// startDatabase starts one in a folder.
func startDatabase(ctx context.Context, dir string) (*database, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return nil, err
	}
	if path, err := exec.LookPath("initdb"); err == nil && len(found) == 0 {
		found = append(found, path)
	}
	if len(found) == 0 {
		return nil, errors.New("PostgreSQL's initdb is neither in /usr/lib/postgresql nor in PATH: install postgresql")
	}
	d := &database{bin: filepath.Dir(slices.Max(found))}
	if d.port, err = freePort(); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "postgres")
	if err := d.initialise(ctx, dir, data); err != nil {
		return nil, err
	}
	d.cmd = exec.Command(d.owned("postgres")[0], d.owned("postgres", "-D", data, "-p", fmt.Sprint(d.port), "-k", "", "-c", "listen_addresses=127.0.0.1")[1:]...)
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	if err := listens(ctx, d.port); err != nil {
		d.stop()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return d, nil
}

// initialise makes the files of a database.
func (d *database) initialise(ctx context.Context, dir, data string) error {
	if os.Geteuid() == 0 { // who the database runs as has to come by
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
		if err := os.Mkdir(data, 0o700); err != nil {
			return err
		}
		if out, err := exec.CommandContext(ctx, "chown", "postgres", data).CombinedOutput(); err != nil {
			return fmt.Errorf("chown: %w: %s", err, out)
		}
	}
	args := d.owned("initdb", "-D", data, "-A", "trust", "-U", "postgres")
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// owned returns a command of PostgreSQL, which does not run as root.
func (d *database) owned(program string, args ...string) []string {
	command := append([]string{filepath.Join(d.bin, program)}, args...)
	if os.Geteuid() == 0 {
		command = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"}, command...)
	}
	return command
}

// fresh returns the URL of a database in which nothing is.
func (d *database) fresh(ctx context.Context) (string, error) {
	d.count++
	name := fmt.Sprintf("bench%d", d.count)
	args := []string{"-h", "127.0.0.1", "-p", fmt.Sprint(d.port), "-U", "postgres", name}
	err := eventually(ctx, func() error { // it listens before it answers
		if out, err := exec.CommandContext(ctx, filepath.Join(d.bin, "createdb"), args...).CombinedOutput(); err != nil {
			return fmt.Errorf("createdb: %w: %s", err, out)
		}
		return nil
	})
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s", d.port, name), err
}

// stop ends the database, if there is one.
func (d *database) stop() {
	if d == nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGINT) // without waiting for clients
	_ = d.cmd.Wait()
}
