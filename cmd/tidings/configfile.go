package main

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	yaml "go.yaml.in/yaml/v3"
)

// mostConfig bounds the size of a file.
const mostConfig = 1 << 20

// read reads the file, and returns all that is wrong in it.
func (s *settings) read(keys []*kong.Flag) []error {
	text, err := readConfig(s.path)
	if err != nil {
		return []error{usage("--config: %v", err)}
	}
	root, err := document(text)
	if err != nil {
		return []error{usage("%s: %s", s.path, unnamed.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), unquoted))}
	}
	if root == nil {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		return []error{s.wrong(root, "want keys with values, such as addr: 127.0.0.1:8080")}
	}
	return s.take(root, keys)
}

// What begins with one of these means something to YAML. It may have been meant as a
// secret, so it is not repeated.
var unnamed = regexp.MustCompile(`unknown anchor '.*'`)

const unquoted = "a value that begins with &, * or ! belongs in quotes"

// readConfig reads a file that is not too large.
func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 -- who runs the server names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostConfig+1))
	if err == nil && len(text) > mostConfig {
		return nil, fmt.Errorf("%s has more than %d bytes: that is no configuration", path, mostConfig)
	}
	return text, err
}

// document returns the root of the one document of a text, or nil if there is
// nothing in it.
func document(text []byte) (*yaml.Node, error) {
	var first, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if err := d.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document begins here: want one", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	root := first.Content[0]
	if root.ShortTag() == "!!null" {
		return nil, nil
	}
	return root, nil
}

// wrong returns an error about a place in the file.
func (s *settings) wrong(n *yaml.Node, format string, args ...any) error {
	return usage("%s:%d: %s", s.path, n.Line, printable(fmt.Sprintf(format, args...)))
}

// take takes all keys, and returns what is wrong with any.
func (s *settings) take(root *yaml.Node, keys []*kong.Flag) (problems []error) {
	s.values = make(map[string]setting)
	for pair := range slices.Chunk(root.Content, 2) {
		if err := s.takeOne(pair[0], pair[1], keys); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// takeOne takes a key.
func (s *settings) takeOne(key, value *yaml.Node, keys []*kong.Flag) error {
	name := key.Value
	at := slices.IndexFunc(keys, func(f *kong.Flag) bool { return f.Name == name })
	switch before, again := s.values[name]; {
	case key.Kind != yaml.ScalarNode:
		return s.wrong(key, "want a key, such as addr")
	case at < 0:
		return s.wrong(key, "unknown key %s%s", name, meant(name, keys))
	case name == configName:
		return s.wrong(key, "%s: a file names no other file", name)
	case again:
		return s.wrong(key, "%s: it is in line %d already", name, before.line)
	}
	texts, err := textsIn(value, keys[at].IsSlice())
	if err == nil {
		s.values[name] = setting{key.Line, texts}
		err = checkTexts(keys[at], texts)
	}
	if err != nil {
		return s.wrong(value, "%s: %v", name, err)
	}
	return nil
}

// textsIn returns the texts of a value, as they stand in the file: what they mean
// the flag says, and not YAML.
func textsIn(n *yaml.Node, list bool) ([]string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.SequenceNode || !list {
		text, err := textIn(n)
		return []string{text}, err
	}
	var texts []string
	for _, element := range n.Content {
		text, err := textIn(element)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// textIn returns the text of a value that is no list.
func textIn(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind == yaml.SequenceNode:
		return "", errors.New("want one value, not a list")
	case n.Kind == yaml.MappingNode:
		return "", errors.New("want a value, not keys of its own")
	case n.ShortTag() == "!!null":
		return "", errors.New(`there is no value: leave the key out, or write ""`)
	case !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, n.ShortTag()):
		return "", errors.New("want a value without a tag; " + unquoted)
	}
	return n.Value, nil
}

// checkTexts reports texts that are none for a flag.
func checkTexts(f *kong.Flag, texts []string) error {
	if !f.IsSlice() {
		return checkText(f, texts[0])
	}
	for _, text := range texts {
		element, ok := reflect.New(f.Target.Type().Elem()).Interface().(encoding.TextUnmarshaler)
		if !ok {
			continue // any text is one
		}
		if err := element.UnmarshalText([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// meant says which keys are like one that there is not.
func meant(name string, keys []*kong.Flag) string {
	var near []string
	for _, f := range keys {
		if f.Name != configName && (strings.HasPrefix(f.Name, name) || distance(f.Name, name) <= 2) {
			near = append(near, f.Name)
		}
	}
	switch {
	case len(near) == 0 || len(near) > 8 || name == "":
		return `: "tidings config" has the keys`
	case len(near) == 1:
		return fmt.Sprintf(", did you mean %s?", near[0])
	}
	return fmt.Sprintf(", did you mean one of %s?", strings.Join(near, ", "))
}

// distance returns how many letters have to be put in, taken out or replaced to
// make one name of another (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// exposed reports whether the file has secrets that everybody on this machine can
// read.
func (s *settings) exposed(keys []*kong.Flag) bool {
	info, err := os.Stat(s.path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o004 == 0 {
		return false
	}
	return slices.ContainsFunc(keys, func(f *kong.Flag) bool {
		return slices.ContainsFunc(s.values[f.Name].texts, func(text string) bool { return hidden(f, text) != text })
	})
}

// warn says so.
func (s *settings) warn(c *console, app *kong.Application) {
	if s.path != "" && s.exposed(keysOf(app)) {
		c.note("warning: %s has secrets, and everybody on this machine can read it: chmod o= %[1]s", s.path)
	}
}
