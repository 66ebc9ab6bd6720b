package main

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// What serve is told comes from a file, the environment and the command line, in
// that order of weakness: a flag outdoes its variable, that outdoes the key of the
// same name in the file. The keys are serve's own flags, as kong knows them, so
// that there is no second list.

// settings are what a file says.
type settings struct {
	path   string
	values map[string]setting // by the name of the flag
}

// A setting is a key of a file.
type setting struct {
	line  int
	texts []string // as they stand there; one, but for a list
}

// configName is the flag that names the file.
const configName = "config"

// load reads the file that --config names, if there is one, and reports all that
// is wrong in it and in the environment.
func (s *settings) load(parsed *kong.Context) error {
	keys := keysOf(parsed.Model)
	problems := checkEnvironment(parsed, keys)
	for _, f := range parsed.Flags() {
		if f.Name == configName {
			s.path, _ = parsed.FlagValue(f).(string)
		}
	}
	if s.path != "" {
		problems = append(problems, s.read(keys)...)
	}
	return errors.Join(problems...)
}

// keysOf returns the flags of serve.
func keysOf(app *kong.Application) []*kong.Flag {
	at := slices.IndexFunc(app.Children, func(n *kong.Node) bool { return n.Name == "serve" })
	return app.Children[at].Flags
}

// checkEnvironment reports variables that cannot be, unless the command line has
// their flag.
func checkEnvironment(parsed *kong.Context, keys []*kong.Flag) (problems []error) {
	for _, f := range keys {
		name, text := variable(f)
		if name == "" || onCommandLine(parsed, f.Name) {
			continue
		}
		if err := checkText(f, text); err != nil {
			problems = append(problems, usage("%s: %v", name, err))
		}
	}
	return problems
}

// variable returns the variable of a flag that is set, and its text.
func variable(f *kong.Flag) (name, text string) {
	for _, name := range f.Envs {
		if text, set := os.LookupEnv(name); set {
			return name, text
		}
	}
	return "", ""
}

// checkText reports a text that is none for a flag. What is secret is not told.
func checkText(f *kong.Flag, text string) error {
	v := reflect.New(f.Target.Type()).Elem()
	scan := kong.Scan().PushTyped(text, kong.FlagValueToken)
	err := f.Mapper.Decode(&kong.DecodeContext{Value: f.Value, Scan: scan}, v)
	if err == nil && f.Enum != "" && !slices.Contains(f.EnumSlice(), fmt.Sprint(v)) {
		err = fmt.Errorf("%q: want one of %s", text, strings.Join(f.EnumSlice(), ", "))
	}
	if err != nil && f.Tag.Has(secretTag) {
		return errors.New("the value cannot be used; it is a secret and is not shown")
	}
	return err
}

// Validate implements [kong.Resolver]. What was read has been checked.
func (s *settings) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver]: it returns what the file says of a flag. The
// environment is stronger, and kong would have it otherwise.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	set, ok := s.values[f.Name]
	if name, _ := variable(f); !ok || name != "" {
		return nil, nil
	}
	if !f.IsSlice() {
		return set.texts[0], nil
	}
	list := make([]any, 0, len(set.texts)) // kong takes its elements as they are
	for _, text := range set.texts {
		list = append(list, text)
	}
	return list, nil
}

// A source is where the value of a flag is from.
type source struct {
	Source string `json:"source"`       // default, file, environment or flag
	At     string `json:"at,omitempty"` // file and line, the variable, or the flag
}

// String returns it for people.
func (s source) String() string {
	if s.At == "" {
		return s.Source
	}
	return s.At
}

// source returns where the value of a flag is from.
func (s *settings) source(parsed *kong.Context, f *kong.Flag) source {
	named := func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == f.Name && !p.Resolved }
	name, _ := variable(f)
	set, inFile := s.values[f.Name]
	switch {
	case slices.ContainsFunc(parsed.Path, named):
		return source{"flag", "--" + f.Name}
	case name != "":
		return source{"environment", name}
	case inFile:
		return source{"file", fmt.Sprintf("%s:%d", s.path, set.line)}
	}
	return source{Source: "default"}
}

// flagName finds the flag that the line of an error is about.
var flagName = regexp.MustCompile(`--([a-z0-9-]+)`)

// locate adds to each usage error where the value of its flag is from, if that is
// not the command line.
func (s *settings) locate(parsed *kong.Context, err error) error {
	if err == nil {
		return nil
	}
	var located []error
	for _, err := range leaves(err) {
		located = append(located, s.locateOne(parsed, err))
	}
	return errors.Join(located...)
}

// locateOne does so for one error.
func (s *settings) locateOne(parsed *kong.Context, err error) error {
	found := flagName.FindStringSubmatch(err.Error())
	if _, ok := errors.AsType[*usageError](err); !ok || found == nil {
		return err
	}
	for _, f := range keysOf(parsed.Model) {
		if from := s.source(parsed, f); f.Name == found[1] && (from.Source == "file" || from.Source == "environment") {
			return usage("%v (from %s)", err, from)
		}
	}
	return err
}

// leaves returns the errors that errors.Join has joined.
func leaves(err error) (all []error) {
	if parse, ok := err.(*kong.ParseError); ok {
		err = parse.Unwrap()
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() { // it says more than its parts
		return []error{err}
	}
	for _, err := range joined.Unwrap() {
		all = append(all, leaves(err)...)
	}
	return all
}

// textsOf returns a flag's value as it could stand in a file: one text, or those of
// a list.
func textsOf(v reflect.Value) (texts []string) {
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			texts = append(texts, textsOf(v.Index(i))...)
		}
		return texts
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err == nil {
			return []string{string(text)}
		}
	}
	return []string{fmt.Sprint(v)}
}
