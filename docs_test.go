package tidings_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocsNameWhatThereIs parses the code in each room's doc.go, and finds what
// it names of the rooms.
func TestDocsNameWhatThereIs(t *testing.T) {
	names := make(map[string]map[string]bool) // exported, by package
	docs, err := filepath.Glob("*/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	docs = append(docs, "doc.go")
	for _, file := range docs {
		name, exported := exports(t, filepath.Dir(file))
		names[name] = exported
	}
	blocks := 0
	for _, file := range docs {
		for _, code := range snippets(t, file) {
			blocks++
			for _, missing := range missing(t, file, code, names) {
				t.Errorf("%s names %s, which there is not", file, missing)
			}
		}
	}
	if blocks < 10 {
		t.Errorf("found %d blocks of code in %v", blocks, docs)
	}
}

// exports returns a package's name and what it exports, but for methods.
func exports(t *testing.T, dir string) (name string, exported map[string]bool) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	exported = make(map[string]bool)
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".go" || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, f.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		name = parsed.Name.Name
		for declared := range parsed.Scope.Objects {
			exported[declared] = ast.IsExported(declared)
		}
	}
	return name, exported
}

// snippets returns the code in the package comment of a file.
func snippets(t *testing.T, file string) (all []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range new(comment.Parser).Parse(parsed.Doc.Text()).Content {
		if code, ok := block.(*comment.Code); ok && !json.Valid([]byte(code.Text)) {
			all = append(all, code.Text)
		}
	}
	return all
}

// missing returns what a piece of code names of the packages that is not
// there. The code is statements or declarations, with … where something is left
// out.
func missing(t *testing.T, file, code string, names map[string]map[string]bool) (all []string) {
	t.Helper()
	code = strings.NewReplacer("\t...\n", "\n", "\n...\n", "\n", "…", "").Replace(code)
	parsed, err := parser.ParseFile(token.NewFileSet(), file, "package p\n"+code, parser.SkipObjectResolution)
	if err != nil {
		parsed, err = parser.ParseFile(token.NewFileSet(), file, "package p\nfunc _() {\n"+code+"}\n", parser.SkipObjectResolution)
	}
	if err != nil {
		t.Errorf("%v in\n%s", err, code)
		return nil
	}
	for n := range ast.Preorder(parsed) {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok && names[of.Name] != nil && !names[of.Name][s.Sel.Name] {
				all = append(all, fmt.Sprint(of.Name, ".", s.Sel.Name))
			}
		}
	}
	return all
}
