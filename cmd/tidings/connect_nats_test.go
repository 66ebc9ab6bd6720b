package main

import (
	"net"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/natstest"
)

func TestServeWaitsForItsServerOfNATS(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	proxy := natstest.NewProxy(t, s.ClientURL())
	proxy.Cut()
	addr := freeAddress(t)
	t.Setenv("TIDINGS_NATS_URL", strings.Replace(proxy.URL(), "://", "://app:hush@", 1))
	p := start(t, "serve", "--addr", addr)
	for range 2 {
		if line := p.line(p.errs, "waiting for NATS"); strings.Contains(line, "hush") {
			t.Errorf("it says %s", line)
		}
	}
	early, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("the address is not taken: %v", err)
	}
	defer early.Close()
	proxy.Restore()
	line := p.line(p.errs, "listens on")
	if want := ", events are kept in NATS at " + strings.TrimPrefix(proxy.URL(), "nats://") + ", stream TIDINGS"; !strings.HasSuffix(line, want) {
		t.Errorf("it says %s", line)
	}
	p.signal()
	if code, _, errs := p.end(); code != 0 || strings.Contains(line+errs, "hush") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

func TestServeThatWaitsForNATSEndsWithCtrlC(t *testing.T) {
	p := start(t, "serve", "--nats-url", "app:hush@127.0.0.1:1", "--addr", "127.0.0.1:0")
	if line := p.line(p.errs, "waiting for NATS"); !strings.Contains(line, "see that nats-server runs there") || strings.Contains(line, "hush") {
		t.Errorf("it says %s", line)
	}
	p.signal()
	if code, out, errs := p.end(); code != 0 || out != "" || !strings.Contains(errs, "stopped before there was anything to serve") || strings.Contains(errs, "hush") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}

func TestServeEndsWhereWaitingForNATSDoesNotHelp(t *testing.T) {
	s := natstest.StartConfig(t, t.TempDir(), `
		authorization { users: [
			{ user: app, password: sesame },
			{ user: poor, password: sesame, permissions: { publish: "TIDINGS.>", subscribe: "_INBOX.>" } }
			{ user: deaf, password: sesame, permissions: { publish: ">", subscribe: "nothing" } }
		] }`)
	for _, tt := range []struct{ user, args, says string }{
		{"app:hush", "", "check user and password in --nats-url, or --nats-creds"},
		{"", "", "check user and password in --nats-url, or --nats-creds"},
		{"poor:sesame", "", "docs/operations.md has the permissions that a user needs"},
		{"deaf:sesame", "", "docs/operations.md has the permissions that a user needs"},
		{"app:sesame", "--nats-replicas 3", "replicas > 1 not supported in non-clustered mode"},
		{"app:sesame", "--nats-stream a.b", "letters, digits, - or _"},
	} {
		args := append([]string{"serve", "--addr", "127.0.0.1:0", "--nats-url", natsURL(s, tt.user)}, strings.Fields(tt.args)...)
		got := finished(t, "", args...)
		if got.code != 1 || got.out != "" || !strings.Contains(got.err, tt.says) || strings.Contains(got.err, "waiting") {
			t.Errorf("%s %s: %+v", tt.user, tt.args, got)
		}
		if strings.Contains(got.err, "hush") || strings.Contains(got.err, "sesame") {
			t.Errorf("%s %s tells the password: %s", tt.user, tt.args, got.err)
		}
	}
	tls := finished(t, "", "serve", "--addr", "127.0.0.1:0", "--nats-url", strings.Replace(natsURL(s, "app:sesame"), "nats:", "tls:", 1))
	if tls.code != 1 || !strings.Contains(tls.err, "the server has no TLS") {
		t.Errorf("%+v", tls)
	}
}

// Who names a server does not get a log in a directory by mistake, nor the other
// way round.
func TestServeWantsFlagsThatAgreeOnNATS(t *testing.T) {
	for _, tt := range []struct{ env, args, says string }{
		{"", "--log memory --data-dir /nowhere", "--data-dir is for --log nats"},
		{"", "--log memory --fsync always", "--fsync is for --log nats"},
		{"", "--log memory --nats-url nats://app:hush@nats", "--nats-url is for --log nats"},
		{"", "--log postgres --retain-age 3d", "with --log postgres it is --postgres-retain-age"},
		{"", "--log postgres --nats-stream X", "--nats-stream is for --log nats"},
		{"", "--postgres-schema x", "add --log postgres"},
		{"", "--nats-stream X", "name it in --nats-url or TIDINGS_NATS_URL"},
		{"", "--nats-creds nats_test.go", "name it in --nats-url or TIDINGS_NATS_URL"},
		{"", "--nats-replicas 3", "name it in --nats-url or TIDINGS_NATS_URL"},
		{"", "--nats-url=", "--nats-url is empty"},
		{"", "--nats-url http://app:hush@nats", "nats://app:secret@nats.example"},
		{"", "--nats-url nats://app:hush%zz@nats", "nats://app:secret@nats.example"},
		{"", "--nats-url nats://app:hush@nats,", "nats://app:secret@nats.example"},
		{"nats://app:hush@", "", "nats://app:secret@nats.example"},
		{"nats://app:hush@nats", "--data-dir /nowhere", "--data-dir is for events in a directory"},
		{"nats://app:hush@nats", "--fsync always", "--fsync is for events in a directory"},
		{"nats://app:hush@nats", "--nats-cert nats_test.go", "--nats-cert and --nats-key belong together"},
		{"nats://app:hush@nats", "--nats-key nats_test.go", "--nats-cert and --nats-key belong together"},
		{"nats://app:hush@nats", "--nats-creds nosuch.creds", "--nats-creds: open nosuch.creds"},
		{"nats://app:hush@nats", "--nats-ca .", "--nats-ca: "},
		{"nats://app:hush@nats", "--nats-replicas 0", "from 1 to 5"},
		{"nats://app:hush@nats", "--nats-replicas 6", "from 1 to 5"},
		{"nats://app:hush@nats", "--retain-bytes 16", "16GiB"},
		{"nats://app:hush@nats", "--fsync sometimes", "interval"},
	} {
		t.Setenv("TIDINGS_NATS_URL", tt.env)
		got := finished(t, "", append([]string{"serve", "--addr", "127.0.0.1:0"}, strings.Fields(tt.args)...)...)
		if got.code != 2 || !strings.Contains(got.err, tt.says) || strings.Contains(got.err, "hush") {
			t.Errorf("%q %s: %+v, want %q", tt.env, tt.args, got, tt.says)
		}
	}
}

// What the environment says for another log, or with nothing, is no
// contradiction.
func TestServeTakesOfTheEnvironmentWhatItNeeds(t *testing.T) {
	s := natstest.Start(t, t.TempDir())
	for name, value := range map[string]string{
		"TIDINGS_NATS_CREDS": "", "TIDINGS_NATS_CA": "", "TIDINGS_DATA_DIR": t.TempDir(), "TIDINGS_FSYNC": "always", "TIDINGS_RETAIN_AGE": "1h",
	} {
		t.Setenv(name, value)
	}
	servingLog(t)
	t.Setenv("TIDINGS_NATS_URL", natsURL(s, ""))
	servingLog(t)
	servingLog(t, "--log", "memory")
	t.Setenv("TIDINGS_LOG", "memory")
	servingLog(t)
}
