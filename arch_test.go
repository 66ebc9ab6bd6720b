package tidings_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tidings-dev/tidings"

// rooms is the picture of ARCHITECTURE.md: which other rooms a room may
// import, and which modules from outside. A room that is not here may import
// nothing but the standard library.
var rooms = map[string]struct{ inside, outside string }{
	"agui":              {inside: ". internal/jsonscan internal/jsontext"},
	"a2a":               {inside: ". internal/jsonscan", outside: "github.com/a2aproject/a2a-go/v2/a2a"},
	"contexts":          {inside: ". agui a2a internal/fold internal/jsonscan internal/jsontext"},
	"analytics":         {inside: ". internal/fold internal/jsonscan internal/jsontext"},
	"internal/fold":     {inside: "."},
	"internal/pgtest":   {outside: "github.com/jackc/pgx/v5"},
	"httpapi":           {inside: ". sse agui a2a contexts analytics internal/control internal/delivery internal/herd internal/wire internal/jsonscan internal/jsontext", outside: "golang.org/x/time/rate"},
	"internal/control":  {inside: ". internal/fold"},
	"auth":              {inside: ". httpapi", outside: "github.com/golang-jwt/jwt/v5 github.com/MicahParks/jwkset"},
	"client":            {inside: ". sse internal/wire internal/jsonscan"},
	"tidingstest":       {inside: "."},
	"internal/load":     {inside: "internal/herd internal/wire"},
	"bench/naive":       {},
	"bench/peers":       {inside: "internal/load"},
	"page":              {},
	"postgres":          {inside: ".", outside: "github.com/jackc/pgx/v5 github.com/jackc/pgx/v5/pgconn github.com/jackc/pgx/v5/pgtype github.com/jackc/pgx/v5/pgxpool"},
	"nats":              {inside: ".", outside: "github.com/nats-io/nats.go github.com/nats-io/nats.go/jetstream"},
	"nats/embedded":     {inside: ". nats", outside: "github.com/minio/highwayhash github.com/nats-io/nats.go github.com/nats-io/nats.go/jetstream github.com/nats-io/nats-server/v2/server github.com/gofrs/flock"},
	"internal/natstest": {outside: "github.com/nats-io/nats-server/v2/server"},
	"internal/logproc":  {inside: "."},
	"metrics":           {inside: ".", outside: "github.com/prometheus/client_golang/prometheus github.com/prometheus/client_golang/prometheus/collectors github.com/prometheus/client_golang/prometheus/promhttp"},
	"cmd/tidings": {
		inside:  ". auth httpapi client agui a2a contexts analytics metrics page postgres nats nats/embedded internal/herd internal/load internal/wire internal/jsonscan",
		outside: "github.com/nats-io/nats.go github.com/nats-io/nats.go/jetstream github.com/alecthomas/kong go.yaml.in/yaml/v3 github.com/schollz/progressbar/v3 golang.org/x/term golang.org/x/sync/errgroup golang.org/x/time/rate",
	},
	"internal/delivery": {inside: "internal/herd"},
	"internal/herd":     {},
}

func TestArrowsPointDown(t *testing.T) {
	for _, file := range sources(t) {
		room := filepath.ToSlash(filepath.Dir(file))
		for _, imported := range imports(t, file) {
			if !allowed(room, imported) {
				t.Errorf("%s must not import %s: see ARCHITECTURE.md", file, imported)
			}
		}
	}
}

// Who serves a hub from a program of his own gets what this says, and no gRPC
// and no protocol buffers, which the module of A2A's SDK has as well.
func TestServingNeedsTheTypesOfA2AOnly(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./httpapi", "./a2a", "./agui")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(slices.Values(strings.Fields(string(out))))
	want := []string{"github.com/a2aproject/a2a-go/v2", "github.com/google/uuid", module, "golang.org/x/time"}
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("got the modules %q, want %q", got, want)
	}
}

// allowed reports whether a file of a room may import a package.
func allowed(room, imported string) bool {
	may := rooms[room]
	if inside, ok := strings.CutPrefix(imported, module); ok {
		target := strings.TrimPrefix(inside, "/")
		if target == "" {
			target = "."
		}
		return slices.Contains(strings.Fields(may.inside), target)
	}
	standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
	return standard || slices.Contains(strings.Fields(may.outside), imported)
}

// sources returns the Go files of the project that are not tests.
func sources(t *testing.T) []string {
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "test" || d.Name() == "examples" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files, error %v", len(files), err)
	}
	return files
}

// imports returns the paths that a file imports.
func imports(t *testing.T, file string) []string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

// TestFilesAreShort keeps every file below the length at which one looks for
// the second concept in it.
func TestFilesAreShort(t *testing.T) {
	for _, file := range sources(t) {
		if n := lines(t, file); n > 400 {
			t.Errorf("%s has %d lines", file, n)
		}
	}
}

func lines(t *testing.T, file string) int {
	fset := token.NewFileSet()
	if _, err := parser.ParseFile(fset, file, nil, parser.ParseComments); err != nil {
		t.Fatal(err)
	}
	n := 0
	fset.Iterate(func(f *token.File) bool { n = f.LineCount(); return true })
	return n
}
