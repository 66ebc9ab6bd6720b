package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const superuser = "postgres"

// keeper is the shell under which all programs of a cluster run. It reads
// commands and answers each with its status. The end of its input is the end
// of who wrote the commands, however he ended; a command that is under way is
// finished first, so nothing can start later. $1 is the cluster's folder, $2
// the folder of the programs.
const keeper = `
PATH=$2:$PATH
while read -r command; do
	eval "$command" </dev/null >out 2>&1
	echo $?
done
pg_ctl stop -D data -m immediate </dev/null >/dev/null 2>&1
cd /
rm -rf "$1" 2>/dev/null
exit 0
`

// A cluster is a folder with a server's data, and the processes on it.
type cluster struct {
	folder string
	port   int

	mu      sync.Mutex
	cmd     *exec.Cmd // the keeper
	in      *os.File
	out     *os.File
	answers *bufio.Reader
	up      bool
}

// newCluster returns a cluster whose server accepts connections.
func newCluster(o *Options, password string) (*cluster, error) {
	bin, err := programs("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	folder, err := newFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &cluster{folder: folder}
	if err := c.keep(bin); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := c.initialize(o.Settings, password); err != nil {
		return nil, errors.Join(err, c.close())
	}
	if err := c.startSomewhere(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// programs returns the folder of PostgreSQL's programs: where pg_config says,
// the latest of a pattern, or one in PATH.
func programs(pattern string) (string, error) {
	var folders []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	installed, _ := filepath.Glob(pattern)
	slices.SortFunc(installed, func(a, b string) int { return version(b) - version(a) })
	folders = append(folders, installed...)
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	for _, folder := range folders {
		if _, err := exec.LookPath(filepath.Join(folder, "initdb")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no initdb in %q nor in PATH: run make setup, or install PostgreSQL 15 or later", folders)
}

// version returns the version in a path such as /usr/lib/postgresql/15/bin.
func version(path string) (v int) {
	fmt.Sscanf(filepath.Base(filepath.Dir(path)), "%d", &v)
	return v
}

// keep starts the keeper. It has no goroutine here: its pipes are files, and
// only close waits for it.
func (c *cluster) keep(bin string) error {
	stdin, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		return errors.Join(err, in.Close())
	}
	defer stdout.Close()
	c.in, c.out, c.answers = in, out, bufio.NewReader(out)
	c.cmd = exec.Command("sh", "-c", keeper, "sh", c.folder, bin)
	c.cmd.Dir, c.cmd.Stdin, c.cmd.Stdout = c.folder, stdin, stdout
	if err := asServer(c.cmd); err != nil {
		return errors.Join(err, in.Close(), out.Close())
	}
	if err := c.cmd.Start(); err != nil {
		err = fmt.Errorf("a shell in %s, which the server's user has to reach: %w", c.folder, err)
		return errors.Join(err, in.Close(), out.Close())
	}
	return nil
}

// run has the keeper run a command. c.mu must be held, but by newCluster.
func (c *cluster) run(command string) error {
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	status, err := c.answers.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s: the shell ended: %w", command, err)
	}
	if status = strings.TrimSpace(status); status != "0" {
		return fmt.Errorf("%s: status %s\n%s", command, status, c.tail("out"))
	}
	return nil
}

// tail returns the end of a file in the folder.
func (c *cluster) tail(name string) string {
	const most = 4096
	b, err := os.ReadFile(filepath.Join(c.folder, name))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// initialize makes the folder of data.
func (c *cluster) initialize(settings map[string]string, password string) error {
	// Nobody but the server's user gets into the folder.
	if err := os.WriteFile(filepath.Join(c.folder, "password"), []byte(password), 0o644); err != nil {
		return err
	}
	err := c.run("initdb -D data -U " + superuser + " --pwfile=password --auth=scram-sha-256 --no-sync --locale=C.UTF-8 --encoding=UTF8 --no-instructions")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.folder, "data", "postgresql.conf"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(configuration(settings))
	return errors.Join(err, f.Close())
}

// configuration returns the lines of postgresql.conf that differ from what
// initdb writes. Where a setting is there twice the last one holds.
func configuration(settings map[string]string) string {
	var b strings.Builder
	b.WriteString(`
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 200
`)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	return b.String()
}

// startSomewhere starts the server on a port that is free. Another process can
// take a port that was found free.
func (c *cluster) startSomewhere() (err error) {
	for range 5 {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.start(); err == nil || !strings.Contains(c.tail("log"), "could not bind") {
			return err
		}
	}
	return err
}

// freePort returns a port below those that systems give to outgoing
// connections, so that none takes it while the server is stopped.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 10000 + rand.IntN(20000)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

// start starts the server, and returns when it accepts connections.
func (c *cluster) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.up {
		return errors.New("start: the server is running")
	}
	if err := c.run(fmt.Sprintf("pg_ctl start -w -D data -l log -o '-p %d'", c.port)); err != nil {
		return fmt.Errorf("%w\nThe end of the server's log:\n%s", err, c.tail("log"))
	}
	c.up = true
	return nil
}

// stop stops the server, and returns when it is gone.
func (c *cluster) stop(mode Mode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.up {
		return errors.New("stop: the server is not running")
	}
	if err := c.run("pg_ctl stop -w -D data -m " + string(mode)); err != nil {
		return err
	}
	c.up = false
	return nil
}

func (c *cluster) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.up
}

// close ends the keeper, and with it the server and the folder.
func (c *cluster) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.up = false
	err := errors.Join(c.in.Close(), c.cmd.Wait(), c.out.Close())
	// Where the folder stands the server's user may be unable to remove it.
	return errors.Join(err, os.RemoveAll(c.folder))
}
