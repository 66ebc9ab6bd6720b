package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	yaml "go.yaml.in/yaml/v3"
)

// config is "tidings config".
type config struct {
	serve
	JSON bool `name:"json" help:"Print it as JSON."`
	YAML bool `name:"yaml" help:"Print it as a file for --config, without what is secret; what is the default is a comment."`
}

// Help is shown by --help.
func (config) Help() string {
	return `It takes what "tidings serve" takes and prints what that comes to: each setting with its value and where that is from. A flag outdoes its variable, and that the file. Secrets are not shown. It starts nothing, and exits with 2 if serve would not start with it.

A file has flags for keys, without the dashes in front, and lists for flags that may be given more than once:

    addr: 127.0.0.1:9000
    retain-age: 30d
    stream:
      - builds=builds,system

Examples:

    tidings config --config tidings.yaml
    tidings config --config tidings.yaml --log memory --json
    tidings config --yaml > tidings.yaml             # all there is, as comments`
}

// An effective is a setting as serve would have it.
type effective struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	source
	Hidden bool `json:"hidden,omitempty"` // some of the value is not shown
	flag   *kong.Flag
	texts  []string
}

// Run prints.
func (cfg *config) Run(c *console, parsed *kong.Context, from *settings) error {
	if cfg.JSON && cfg.YAML {
		return usage("--json and --yaml are two forms of one thing: leave one out")
	}
	if _, err := cfg.validate(parsed, from); err != nil {
		return err
	}
	from.warn(c, parsed.Model)
	all := effectives(parsed, from)
	switch {
	case cfg.JSON:
		return c.printJSON(all)
	case cfg.YAML:
		return printYAML(c.out, all)
	}
	rows := [][]string{{"KEY", "VALUE", "FROM"}}
	for _, e := range all {
		rows = append(rows, []string{e.Key, strings.Join(e.texts, "; "), e.String()})
	}
	return c.table(rows)
}

// effectives returns all settings of serve, those first that have no group.
func effectives(parsed *kong.Context, from *settings) (all []effective) {
	keys := keysOf(parsed.Model)
	for _, f := range parsed.Flags() {
		if slices.ContainsFunc(keys, func(key *kong.Flag) bool { return key.Name == f.Name }) {
			all = append(all, newEffective(f, from.source(parsed, f)))
		}
	}
	slices.SortStableFunc(all, func(a, b effective) int {
		return cmp.Compare(min(len(a.title()), 1), min(len(b.title()), 1))
	})
	return all
}

// title returns that of its group.
func (e *effective) title() string {
	if e.flag.Group == nil {
		return ""
	}
	return strings.TrimSuffix(e.flag.Group.Title, ":")
}

// newEffective returns the value of a flag, without what is secret in it.
func newEffective(f *kong.Flag, from source) effective {
	e := effective{Key: f.Name, source: from, flag: f}
	for _, text := range textsOf(f.Target) {
		shown := hidden(f, text)
		e.Hidden = e.Hidden || shown != text
		e.texts = append(e.texts, shown)
	}
	switch kind := f.Target.Kind(); {
	case kind == reflect.Slice:
		e.Value = append([]string{}, e.texts...) // an empty list is no null
	case kind == reflect.Bool, kind == reflect.Int:
		e.Value = f.Target.Interface()
	default:
		e.Value = e.texts[0]
	}
	return e
}

// printYAML prints a file: what is the default as a comment, and all with what it
// means.
func printYAML(w io.Writer, all []effective) error {
	var b bytes.Buffer
	b.WriteString("# What \"tidings serve --config FILE\" reads. A variable outdoes its key here, and a flag both.\n")
	title := ""
	for _, e := range all {
		if e.Key == configName {
			continue
		}
		if e.title() != title {
			title = e.title()
			fmt.Fprintf(&b, "\n## %s\n", title)
		}
		if err := e.printYAML(&b); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// printYAML prints one key.
func (e *effective) printYAML(b *bytes.Buffer) error {
	fmt.Fprintf(b, "\n%s", comment(e.flag.Help))
	var key bytes.Buffer
	encoder := yaml.NewEncoder(&key)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]any{e.Key: e.Value}); err != nil {
		return err
	}
	text := key.String()
	switch {
	case e.Hidden:
		text = fmt.Sprintf("# %s: it is set, from %s, and a secret\n", e.Key, e)
	case e.Source == "default":
		text = prefixed("#", text)
	}
	b.WriteString(text)
	return nil
}

// comment returns text as lines of a comment.
func comment(text string) string {
	line, lines := "", ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > 88 {
			lines += line + "\n"
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return prefixed("# ", lines+line+"\n")
}

// prefixed returns lines with something before each.
func prefixed(with, lines string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		b.WriteString(with + line)
	}
	return b.String()
}
