package clients_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-dev/tidings/agui"
)

// A known is what AG-UI's own package knows.
type known struct {
	Version string
	Types   []string
}

// judge returns what AG-UI's own package knows, and why it refuses each event.
func judge(t *testing.T, events [][]byte) (k known, refused []string) {
	t.Helper()
	cmd := exec.CommandContext(within(t, 30*time.Second), "node", "events.mjs")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(bytes.Join(events, []byte("\n"))), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	d := json.NewDecoder(bytes.NewReader(out))
	if err := d.Decode(&k); err != nil {
		t.Fatal(err)
	}
	refused = make([]string, len(events))
	for i := range refused {
		if err := d.Decode(&refused[i]); err != nil {
			t.Fatal(err)
		}
	}
	return k, refused
}

// constructed returns an event of each type, and more, as package agui makes
// them.
func constructed(t *testing.T) [][]byte {
	t.Helper()
	data, err := os.ReadFile("../../agui/testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

func TestAGUIsOwnSchemasAcceptEveryEventWeConstruct(t *testing.T) {
	skipShort(t)
	needNode(t)
	events := constructed(t)
	k, refused := judge(t, events)
	types := map[string]bool{}
	for i, e := range events {
		if refused[i] != "" {
			t.Errorf("%s: %s", e, refused[i])
		}
		p, err := agui.Peek(e)
		if err != nil {
			t.Fatal(err)
		}
		types[p.Type] = true
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(k.Types)), slices.Sorted(maps.Keys(types))); diff != "" {
		t.Errorf("-its types +ours:\n%s", diff)
	}
	if k.Version != agui.ProtocolVersion {
		t.Errorf("it has version %s, we have %s", k.Version, agui.ProtocolVersion)
	}
}

// The schemas let members pass that they do not know. So each of ours is given
// a value of another kind: one whose name they know is refused.
func TestAGUIsOwnSchemasKnowEveryMemberWeWrite(t *testing.T) {
	skipShort(t)
	needNode(t)
	var broken [][]byte
	var names []string
	for _, e := range constructed(t) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(e, &members); err != nil {
			t.Fatal(err)
		}
		for name, value := range members {
			if slices.Contains([]string{"event", "value", "snapshot", "result", "rawEvent"}, name) {
				continue // they may be anything
			}
			members[name] = otherKind(value)
			data, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			broken, names = append(broken, data), append(names, name)
			members[name] = value
		}
	}
	_, refused := judge(t, broken)
	for i, reason := range refused {
		if reason == "" || strings.HasPrefix(reason, "read as ") {
			t.Errorf("%s is not known: %s", names[i], broken[i])
		}
	}
}

// otherKind returns a value of another kind.
func otherKind(value json.RawMessage) json.RawMessage {
	if value[0] == 't' || value[0] == 'f' {
		return json.RawMessage(`"true"`)
	}
	return json.RawMessage(`false`)
}
