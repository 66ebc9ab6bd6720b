package main

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	gocmp "github.com/google/go-cmp/cmp"
)

// written returns the path of a file with text.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tidings.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A shown is a setting as config --json has it.
type shown struct {
	Key, Source, At string
	Value           any
	Hidden          bool
}

// effectiveOf returns what config --json prints, by key.
func effectiveOf(t *testing.T, args ...string) map[string]shown {
	t.Helper()
	got := finished(t, "", append([]string{"config", "--json"}, args...)...)
	var list []shown
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || got.code != 0 || got.err != "" {
		t.Fatalf("%v: %v, %+v", args, err, got)
	}
	all := make(map[string]shown)
	for _, s := range list {
		all[s.Key] = s
	}
	return all
}

func TestFlagsOutdoVariablesAndTheseAFile(t *testing.T) {
	file := written(t, "drain: 1s\nretry: 1s\nmax-age: 1s\nverbose: true\nmax-connections: 0x10\nstream:\n- a=b,c\n- d=e\n")
	t.Setenv("TIDINGS_DRAIN", "2s")
	t.Setenv("TIDINGS_RETRY", "2s")
	t.Setenv("TIDINGS_CONFIG", "nowhere.yaml")
	got := effectiveOf(t, "--config", file, "--drain", "3s", "--log", "memory")
	for key, want := range map[string]shown{
		"config":          {Value: file, Source: "flag", At: "--config"},
		"drain":           {Value: "3s", Source: "flag", At: "--drain"},
		"retry":           {Value: "2s", Source: "environment", At: "TIDINGS_RETRY"},
		"max-age":         {Value: "1s", Source: "file", At: file + ":3"},
		"verbose":         {Value: true, Source: "file", At: file + ":4"},
		"max-connections": {Value: 16.0, Source: "file", At: file + ":5"},
		"stream":          {Value: []any{"a=b,c", "d=e"}, Source: "file", At: file + ":6"},
		"retain-bytes":    {Value: "16GiB", Source: "default"},
		"single-tenant":   {Value: false, Source: "default"},
	} {
		want.Key = key
		if diff := gocmp.Diff(got[key], want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
}

func TestServeIsAsItsFileSays(t *testing.T) {
	p := start(t, "serve", "--config", written(t, "addr: 127.0.0.1:0\nlog: memory\nsingle-tenant: true\nstream: builds=builds\n"))
	_, rest, _ := strings.Cut(p.line(p.errs, "listens on"), "listens on ")
	url, _, _ := strings.Cut(rest, ",")
	if got := finished(t, "", "publish", "--url", url, "--channel", "builds", "--data", "1"); got.code != 0 {
		t.Errorf("%+v", got)
	}
}

// Each is wrong in a way of its own, and told with its line, by both commands.
func TestWhatIsWrongInAFile(t *testing.T) {
	for text, want := range map[string]string{
		"addr: 127.0.0.1:0\nadr: x":           "2: unknown key adr, did you mean addr?",
		"max_connections: 1":                  "1: unknown key max_connections, did you mean max-connections?",
		"nats:\n  url: x":                     "1: unknown key nats, did you mean one of nats-url, nats-creds",
		"help: true":                          `1: unknown key help: "tidings config" has the keys`,
		"json: true":                          "1: unknown key json",
		"<<: {addr: x}":                       "1: unknown key <<",
		"\"\": 1":                             "1: unknown key",
		"[a]: 1":                              "1: want a key",
		"config: other.yaml":                  "1: config: a file names no other file",
		"drain: 1s\nretry: 1s\ndrain: 2s":     "3: drain: it is in line 1 already",
		"drain: 10":                           `1: drain: expected duration but got "10"`,
		"max-connections: many":               "1: max-connections: expected",
		"max-connections: [1]":                "1: max-connections: want one value, not a list",
		"max-connections: {a: 1}":             "1: max-connections: want a value, not keys of its own",
		"verbose: 2":                          "1: verbose: bool value must be",
		"log: paper":                          `1: log: "paper": want one of nats, memory, postgres`,
		"retain-bytes: much":                  `1: retain-bytes: "much": want a size`,
		"stream: [a=b, nothing]":              `1: stream: "nothing": want NAME=CHANNEL`,
		"stream:\n- a=b\n- {a: b}":            "2: stream: want a value, not keys of its own",
		"addr:":                               "1: addr: there is no value",
		"addr: ~":                             "1: addr: there is no value",
		"addr: !!binary aGk=":                 "1: addr: want a value without a tag; a value that begins with",
		"nats-url: !geheim":                   "1: nats-url: want a value without a tag; a value that begins with",
		"nats-url: *geheim":                   "a value that begins with &, * or ! belongs in quotes",
		"addr: a\n---\naddr: b":               "line 2: a second document begins here: want one",
		"- addr":                              "1: want keys with values",
		"addr":                                "1: want keys with values",
		"addr: [":                             "line 1: did not find",
		"\taddr: x":                           "found character that cannot start any token",
		"addr: \x1b[31m":                      "control characters are not allowed",
		"\"a\\e[31m\": x":                     "unknown key a·[31m",
		strings.Repeat("#", mostConfig+1):     "that is no configuration",
		"max-connections: 0":                  "--max-connections 0: want at least 1 (from FILE:1)",
		"\naddr: 0.0.0.0:80":                  "(from FILE:2)",
		"postgres-retain-age: 1d":             "--postgres-retain-age is for a log in a database: add --log postgres, or leave it out (from FILE:1)",
		"log: memory\nfsync: always":          "--fsync is for --log nats",
		"nats-replicas: 3":                    "--nats-replicas is for a server of NATS",
		"nats-url: \"\"":                      "--nats-url is empty",
		"nats-url: nats://h\nfsync: always":   "--fsync is for events in a directory",
		"postgres-url: postgres://u:geheim@h": "--postgres-url is for a log in a database",
	} {
		file := written(t, text)
		for _, command := range []string{"serve", "config"} {
			got := finished(t, "", command, "--config", file)
			if want := strings.ReplaceAll(want, "FILE", file); got.code != 2 || got.out != "" || !strings.Contains(got.err, want) || strings.Contains(got.err, "geheim") {
				t.Errorf("%s, %.80q: exit %d, %.500s, want %q", command, text, got.code, got.err, want)
			}
		}
	}
	if got := finished(t, "", "config", "--config", "nowhere.yaml"); got.code != 2 || !strings.Contains(got.err, "nowhere.yaml") {
		t.Errorf("no file: %+v", got)
	}
}

func TestAllThatIsWrongIsTold(t *testing.T) {
	file := written(t, "adr: x\ndrain: 10\nmax-connections: [1]\n")
	t.Setenv("TIDINGS_MAX_CONNECTIONS", "many")
	t.Setenv("TIDINGS_RETRY", "never") // the command line is stronger
	got := finished(t, "", "config", "--config", file, "--retry", "1s")
	want := "tidings: TIDINGS_MAX_CONNECTIONS: \ntidings: FILE:1: \ntidings: FILE:2: \ntidings: FILE:3: \n"
	told := regexp.MustCompile(`(?m)^(tidings: [^ ]+ ).*$`).ReplaceAllString(strings.ReplaceAll(got.err, file, "FILE"), "$1")
	if told != want || got.code != 2 {
		t.Errorf("exit %d, %s", got.code, got.err)
	}
}

func TestAllFlagsThatMakeNoSenseAreTold(t *testing.T) {
	t.Setenv("TIDINGS_RETRY", "0s")
	got := finished(t, "", "config", "--drain=-1s", "--addr", "x", "--nats-replicas", "3")
	if got.code != 2 || strings.Count(got.err, "tidings: --") != 4 || strings.Count(got.err, "(from TIDINGS_RETRY)") != 1 || strings.Count(got.err, "from") != 1 {
		t.Errorf("%+v", got)
	}
}

func TestEmptyFilesSayNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "---\n...\n", "{}", "\xef\xbb\xbf# nothing\n"} {
		got := effectiveOf(t, "--config", written(t, text))
		delete(got, configName)
		for key, s := range got {
			if s.Source != "default" {
				t.Errorf("%q: %s is from %s", text, key, s.Source)
			}
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	file := written(t, "nats-url: nats://app:geheim@a.example:4222,nats://geheim@b.example\n")
	for _, form := range [][]string{nil, {"--json"}, {"--yaml"}} {
		got := finished(t, "", append([]string{"config", "--config", file}, form...)...)
		if got.code != 0 || strings.Contains(got.out+got.err, "geheim") || !strings.Contains(got.out, "nats-url") {
			t.Errorf("%v: %+v", form, got)
		}
	}
	got := effectiveOf(t, "--config", file)["nats-url"]
	if got.Value != "nats://…@a.example:4222,nats://…@b.example" || !got.Hidden {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsHidden(t *testing.T) {
	type grammar struct {
		URL    string `secret:"url"`
		Secret string `secret:""`
		Plain  string
	}
	flags := kong.Must(new(grammar)).Model.Flags
	for _, tt := range [][3]string{
		{"url", "", ""},
		{"url", "nats://h", "nats://h"},
		{"url", "nats://token@h1:4222,h2:4222", "nats://…@h1:4222,h2:4222"},
		{"url", "nats://a:p@h,tls://b:p@i", "nats://…@h,tls://…@i"},
		{"url", "postgres://a:p@h1:1,h2:2/db", "postgres://…@h1:1,h2:2/db"},
		{"url", "postgres://a:p@h/db?password=p", "postgres://…@h/db?…"},
		{"url", "postgres://a:12?3@h/db", "postgres://…"},
		{"url", "postgres://a:p/p@h/db", "postgres://…@h/db"},
		{"url", "postgres://a:p@p@h/db", "postgres://…@h/db"},
		{"url", "postgres://h/db?password=p@p", "postgres://…"},
		{"url", "a:p@h", "…"},
		{"url", "host=h password=p", "…"},
		{"url", "h1,h2", "h1,h2"},
		{"secret", "x", "…"},
		{"secret", "https://h", "…"},
		{"plain", "x y@z", "x y@z"},
		{"plain", "https://a:p@h/jwks?key=p#p", "https://…@h/jwks?…"},
	} {
		for _, f := range flags {
			if got := hidden(f, tt[1]); f.Name == tt[0] && got != tt[2] {
				t.Errorf("%s: %q is shown as %q, want %q", tt[0], tt[1], got, tt[2])
			}
		}
	}
}

func TestExposedSecretsAreWarnedOf(t *testing.T) {
	file := written(t, "nats-url: nats://app:geheim@127.0.0.1\n")
	plain := written(t, "nats-url: nats://127.0.0.1\n")
	for _, path := range []string{file, plain} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := finished(t, "", "config", "--config", file); got.code != 0 || !strings.Contains(got.err, "chmod o= "+file) {
		t.Errorf("secret: %+v", got)
	}
	if got := finished(t, "", "config", "--config", plain); got.code != 0 || got.err != "" {
		t.Errorf("no secret: %+v", got)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if got := finished(t, "", "config", "--config", file); got.code != 0 || got.err != "" {
		t.Errorf("not for all: %+v", got)
	}
}

// The example of the documentation has every key, as a comment with its default.
func TestTheExampleFileHasAllThereIs(t *testing.T) {
	got := finished(t, "", "config", "--yaml")
	golden(t, "../../../docs/tidings.yaml", got.out)
	text := regexp.MustCompile(`(?m)^#([^ #])`).ReplaceAllString(got.out, "$1")
	cfg, from := parsed(t, "--config", written(t, text))
	want, _ := parsed(t)
	if len(from.values) != len(keysOf(kong.Must(new(commands), vars).Model))-1 {
		t.Errorf("the file has %d keys", len(from.values))
	}
	cfg.Config, want.Config = "", ""
	if got, want := fmt.Sprintf("%+v", *cfg), fmt.Sprintf("%+v", *want); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// parsed returns what serve has of flags, and the file they name.
func parsed(t *testing.T, args ...string) (*serve, *settings) {
	t.Helper()
	p := parser(t.Context(), &console{out: io.Discard, err: io.Discard})
	ctx, err := p.Parse(append([]string{"serve"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	var from *settings
	if _, err := ctx.Call(func(s *settings) error { from = s; return nil }); err != nil {
		t.Fatal(err)
	}
	return &ctx.Model.Target.Addr().Interface().(*commands).Serve, from
}

// What config --yaml prints is a file that makes the same of everything.
func TestPrintedYAMLIsReadBack(t *testing.T) {
	args := []string{
		"--addr", "localhost:9", "--stream", "a=b,c", "--stream", "d=e", "--drain", "90m", "--max-age", "36h", "--verbose", "--max-connections", "7",
		"--nats-url", "nats://h:1,nats://i", "--nats-stream", "yes", "--retain-age", "unlimited", "--retain-bytes", "1500MB", "--nats-creds", "config_test.go",
		"--max-connections-total", "unlimited", "--publish-rate", "0.5", "--replays", "auto", "--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "unix",
	}
	file := written(t, finished(t, "", append([]string{"config", "--yaml"}, args...)...).out)
	got, want := effectiveOf(t, "--config", file), effectiveOf(t, args...)
	for key, w := range want {
		g := got[key]
		if key != configName && (!reflect.DeepEqual(g.Value, w.Value) || (g.Source == "file") != (w.Source == "flag")) {
			t.Errorf("%s: got %v from %s, want %v", key, g.Value, g.Source, w.Value)
		}
	}
}

// Who adds a flag to serve adds a key: its type has to be one that can be written
// and read.
func TestEveryFlagCanBeAKey(t *testing.T) {
	unmarshals, marshals := reflect.TypeFor[encoding.TextUnmarshaler](), reflect.TypeFor[encoding.TextMarshaler]()
	for _, f := range keysOf(kong.Must(new(commands), vars).Model) {
		kind := f.Target.Type()
		if f.IsSlice() {
			kind = kind.Elem()
			if kind.Kind() != reflect.String && !reflect.PointerTo(kind).Implements(unmarshals) {
				t.Errorf("--%s: elements of a list have to be strings, or read themselves (encoding.TextUnmarshaler)", f.Name)
			}
		}
		switch own := reflect.PointerTo(kind).Implements(unmarshals); {
		case f.IsMap() || f.IsCounter():
			t.Errorf("--%s: it cannot stand in a file", f.Name)
		case own && !kind.Implements(marshals):
			t.Errorf("--%s: a type that reads itself has to write itself (encoding.TextMarshaler)", f.Name)
		case f.Tag.Has(secretTag) && (own || kind.Kind() != reflect.String):
			t.Errorf("--%s: a secret has to be a string, so that no error tells it", f.Name)
		case len(f.Envs) == 0:
			t.Errorf("--%s has no variable", f.Name)
		}
		if d := f.Target.Type(); d.Kind() == reflect.Pointer {
			t.Errorf("--%s: a pointer has no default that could be shown", f.Name)
		}
	}
}

// Whatever a file has in it, it is read or refused.
func FuzzConfigFile(f *testing.F) {
	for _, text := range []string{"", "addr: x", "a: &a [*a]", "stream: [&x a=b, *x]", "<<: *x", "? a\n: b", "!!map {}", "--- !x\n", "%YAML 9.9\n---\n", "{addr: ", "a: |\n b"} {
		f.Add([]byte(text))
	}
	keys := keysOf(kong.Must(new(commands), vars).Model)
	path := filepath.Join(f.TempDir(), "tidings.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s := &settings{path: path}
		for _, err := range s.read(keys) {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
				t.Errorf("%q", err)
			}
		}
	})
}
