package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A bouncer ends with its input, however who holds that ends. $1 is its folder,
// $2 the program.
const bouncerKeeper = `
"$2" "$1/pgbouncer.ini" </dev/null >/dev/null 2>&1 &
read -r end
kill -INT $!
wait $!
cd /
rm -rf "$1"
exit 0
`

// NewBouncer starts a PgBouncer in transaction mode, which gives every
// transaction one of a few sessions of each database, and returns the URL by
// which it leads to the database of a URL. It ends with the test.
func NewBouncer(t testing.TB, url string, sessions int) string {
	t.Helper()
	u, err := parse(url)
	if err != nil {
		t.Fatalf("pgtest: bouncer: %v", err)
	}
	port, end, err := startBouncer(u, sessions)
	if err != nil {
		t.Fatalf("pgtest: bouncer: %v", err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	through := through(u, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err := reachable(through.String()); err != nil {
		t.Fatalf("pgtest: bouncer: %v", err)
	}
	return through.String()
}

// startBouncer starts a PgBouncer, and returns its port and what ends it.
func startBouncer(u *url.URL, sessions int) (port int, end func() error, err error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer") // which is in root's PATH only
	}
	if err != nil {
		return 0, nil, errors.New("no pgbouncer in PATH nor in /usr/sbin: run make setup, or install PgBouncer")
	}
	if port, err = freePort(); err != nil {
		return 0, nil, err
	}
	folder, err := newFolder("")
	if err != nil {
		return 0, nil, err
	}
	// Nobody but the server's user gets into the folder.
	if err = os.WriteFile(filepath.Join(folder, "pgbouncer.ini"), []byte(bouncing(u, port, sessions)), 0o644); err == nil {
		end, err = keepBouncer(folder, program)
	}
	if err != nil {
		return 0, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return port, end, nil
}

// bouncing returns PgBouncer's settings for the server of a URL. Who comes is
// let in as the user of the URL.
func bouncing(u *url.URL, port, sessions int) string {
	password, _ := u.User.Password()
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	return fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
server_login_retry = 1
`, u.Hostname(), cmp.Or(u.Port(), "5432"), quote(u.User.Username()), quote(password), port, sessions)
}

// keepBouncer runs a program that lives as long as its input.
func keepBouncer(folder, program string) (end func() error, err error) {
	stdin, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	cmd := exec.Command("sh", "-c", bouncerKeeper, "sh", folder, program)
	cmd.Dir, cmd.Stdin = folder, stdin
	if err = asServer(cmd); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return func() error {
		// Where the folder stands the server's user may be unable to remove it.
		return errors.Join(in.Close(), cmd.Wait(), os.RemoveAll(folder))
	}, nil
}

// reachable returns when a server that was started answers.
func reachable(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, url)
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
