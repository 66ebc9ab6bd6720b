package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

var seeds = []string{
	`{}`, `[]`, ``, `null`, `"a"`, `12`, `{"a":1,"a":[{"b":"\\\""}],"\u0061":null}`,
	` { "threadId" : "t" , "x" : -1.5e+3 } `, `{"a":"\ud83d\ude00"}`, "{\"\xff\":\"\xff\"}",
	`[1,[2,{"]":"["}],"\"",true]`, `{"a":[1}}`, `{"a"`, `{"a":"\`, `[[[[[[`, `{"a":tru}`,
}

// The members and elements of valid JSON are those that encoding/json finds;
// invalid JSON may be noticed or not, but nothing outside of it is read.
func FuzzWalk(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)[:len(data):len(data)]
		object, objectErr := walkMembers(t, data)
		array, arrayErr := walkElements(t, data)
		if !json.Valid(data) {
			return
		}
		compareObject(t, data, object, objectErr)
		compareArray(t, data, array, arrayErr)
	})
}

// walkMembers collects the members, decoded as the last of each name.
func walkMembers(t *testing.T, data []byte) (map[string]json.RawMessage, error) {
	got := map[string]json.RawMessage{}
	for m, err := range jsonscan.Members(data) {
		if err != nil {
			return got, err
		}
		within(t, data, m.Key)
		within(t, data, m.Value)
		if key, ok := jsonscan.String(m.Key); ok {
			got[key] = m.Value
		}
	}
	return got, nil
}

func walkElements(t *testing.T, data []byte) (got []json.RawMessage, _ error) {
	for v, err := range jsonscan.Elements(data) {
		if err != nil {
			return got, err
		}
		within(t, data, v)
		got = append(got, v)
	}
	return got, nil
}

// within checks that part is not empty and, by its capacity, that it ends
// where it says.
func within(t *testing.T, data, part []byte) {
	t.Helper()
	if len(part) == 0 || cap(part) != len(part) || !bytes.Contains(data, part) {
		t.Fatalf("%q (capacity %d) is no part of %q", part, cap(part), data)
	}
}

func compareObject(t *testing.T, data []byte, got map[string]json.RawMessage, err error) {
	isObject := strings.HasPrefix(strings.TrimLeft(string(data), " \t\r\n"), "{")
	if (err == nil) != isObject {
		t.Fatalf("%q: got error %v, object %t", data, err, isObject)
	}
	if !isObject {
		return
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%q: got %q, want %q", data, got, want)
	}
	for key, value := range want {
		if !bytes.Equal(got[key], value) {
			t.Fatalf("%q: %q: got %q, want %q", data, key, got[key], value)
		}
	}
}

func compareArray(t *testing.T, data []byte, got []json.RawMessage, err error) {
	isArray := strings.HasPrefix(strings.TrimLeft(string(data), " \t\r\n"), "[")
	if (err == nil) != isArray {
		t.Fatalf("%q: got error %v, array %t", data, err, isArray)
	}
	if !isArray {
		return
	}
	var want []json.RawMessage
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%q: got %q, want %q", data, got, want)
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("%q: %d: got %q, want %q", data, i, got[i], want[i])
		}
	}
}

// A token is a string exactly when encoding/json says so, and the same one;
// Equal agrees with it about names in ASCII.
func FuzzString(f *testing.F) {
	for _, s := range []string{``, `a`, `é`, `\u0061`, `\ud83d\ude00`, `\ud83d\u0041`, "\xff", `\`, `"`, "\n", `\/`} {
		f.Add([]byte(s), "a")
	}
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		token := []byte(`"` + string(body) + `"`)
		var want string
		valid := json.Unmarshal(token, &want) == nil
		got, ok := jsonscan.String(token)
		if ok != valid || got != want {
			t.Fatalf("String(%q) = %q, %t, want %q, %t", token, got, ok, want, valid)
		}
		if ascii(name) && valid && jsonscan.Equal(token, name) != (got == name) {
			t.Fatalf("Equal(%q, %q) is not %t", token, name, got == name)
		}
		if ascii(got) && valid && !jsonscan.Equal(token, got) {
			t.Fatalf("Equal(%q, %q) is false", token, got)
		}
	})
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
