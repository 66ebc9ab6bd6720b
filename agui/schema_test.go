package agui_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tidings-dev/tidings/agui"
)

// additions is what AG-UI 1.0 has and the draft of testdata/spec/schema.json
// has not: JSON objects that are put over its $defs, member by member.
const additions = `{
  "TextMessageStartEvent": {"properties": {"name": {"type": "string"}}},
  "RunStartedEvent": {"properties": {"protocolVersion": {"type": "string", "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$"}}},
  "RunAgentInput": {"properties": {"protocolVersion": {"type": "string"}}},
  "RunFinishedSuccessOutcome": {"properties": {"pendingToolCallIds": {"type": "array", "items": {"type": "string"}}}},
  "RunFinishedCancelledOutcome": {"type": "object", "properties": {"type": {"const": "cancelled"}}, "required": ["type"], "unevaluatedProperties": false},
  "RunFinishedOutcome": {"oneOf": [{"$ref": "#/$defs/RunFinishedSuccessOutcome"}, {"$ref": "#/$defs/RunFinishedInterruptOutcome"}, {"$ref": "#/$defs/RunFinishedCancelledOutcome"}]},
  "TokenUsage": {"properties": {"cacheWriteInputTokens": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}}},
  "ToolCallResultEvent": {"properties": {"content": {"type": ["string", "array"], "items": {"$ref": "#/$defs/InputContent"}}}},
  "ToolMessage": {"properties": {"content": {"type": ["string", "array"], "items": {"$ref": "#/$defs/InputContent"}}}},
  "InputContentFileSource": {"type": "object", "properties": {"type": {"const": "file"}, "value": {"type": "string"}, "provider": {"type": "string"}, "mimeType": {"type": "string"}}, "required": ["type", "value"], "unevaluatedProperties": false},
  "InputContentSource": {"oneOf": [{"$ref": "#/$defs/InputContentDataSource"}, {"$ref": "#/$defs/InputContentUrlSource"}, {"$ref": "#/$defs/InputContentFileSource"}]}
}`

// schema compiles a definition of the schema of 1.0.
func schema(t *testing.T, definition string) *jsonschema.Schema {
	t.Helper()
	doc := parse(t, readFile(t, "testdata/spec/schema.json")).(map[string]any)
	overlay(doc["$defs"].(map[string]any), parse(t, []byte(additions)).(map[string]any))
	c := jsonschema.NewCompiler()
	if err := c.AddResource(doc["$id"].(string), doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(doc["$id"].(string) + "#/$defs/" + definition)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// overlay puts the members of over into base.
func overlay(base, over map[string]any) {
	for name, value := range over {
		inner, ok := value.(map[string]any)
		if old, both := base[name].(map[string]any); ok && both {
			overlay(old, inner)
		} else {
			base[name] = value
		}
	}
}

// parse decodes JSON and keeps numbers as they are written.
func parse(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// encode encodes o, which must succeed.
func encode(t *testing.T, o agui.Object) []byte {
	t.Helper()
	data, err := o.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEveryConstructorMakesWhatTheSchemaWants(t *testing.T) {
	s := schema(t, "Event")
	for _, e := range slices.Concat(minimal(), full(), decorated()) {
		data := encode(t, e)
		if err := s.Validate(parse(t, data)); err != nil {
			t.Errorf("%s:\n%v", data, err)
		}
		if err := agui.Validate(e); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryTypeOfTheSchemaCanBeConstructed(t *testing.T) {
	var got []string
	for _, e := range minimal() {
		got = append(got, e.EventType())
	}
	want := schemaTypes(t)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 31 {
		t.Errorf("%d constructors; wanted types -, constructed +:\n%s", len(got), diff)
	}
}

// Every field must be known to its type's members method: one that is not would
// be lost in silence.
func TestEveryFieldIsWrittenAndRead(t *testing.T) {
	filled := map[string]bool{}
	for _, e := range decorated() {
		decoded, err := agui.Decode(encode(t, e))
		if err != nil {
			t.Fatal(err)
		}
		visit(reflect.ValueOf(decoded), func(owner reflect.Type, field string, v reflect.Value) {
			filled[owner.Name()+"."+field] = filled[owner.Name()+"."+field] || !v.IsZero()
		})
	}
	for field, ok := range filled {
		if !ok && field != "ContentPart.Raw" {
			t.Errorf("%s is never set after encoding and decoding", field)
		}
	}
}

// visit calls f for the fields of this package's structs in v.
func visit(v reflect.Value, f func(owner reflect.Type, field string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			visit(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), f)
		}
	case reflect.Struct:
		if !strings.HasSuffix(v.Type().PkgPath(), "/agui") {
			return
		}
		for i := range v.NumField() {
			f(v.Type(), v.Type().Field(i).Name, v.Field(i))
			visit(v.Field(i), f)
		}
	}
}

var update = flag.Bool("update", false, "rewrite files in testdata")

// The golden file has a line for each event: the bytes are part of what we
// promise.
func TestEncodedEventsAreThoseOfTheGoldenFile(t *testing.T) {
	const file = "testdata/events.jsonl"
	var got []byte
	for _, e := range slices.Concat(minimal(), full(), decorated()[:1]) {
		got = append(append(got, encode(t, e)...), '\n')
	}
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Split(string(readFile(t, file)), "\n")
	if diff := cmp.Diff(want, strings.Split(string(got), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestConstructedEventsDecodeToThemselves(t *testing.T) {
	for _, e := range slices.Concat(minimal(), full(), decorated()) {
		data := encode(t, e)
		decoded, err := agui.Decode(data)
		if err != nil {
			t.Errorf("%v: %s", err, data)
			continue
		}
		if reflect.TypeOf(decoded) != reflect.TypeOf(e) {
			t.Errorf("got %T, want %T", decoded, e)
		}
		if again := encode(t, decoded); !bytes.Equal(again, data) {
			t.Errorf("got  %s\nwant %s", again, data)
		}
	}
}
