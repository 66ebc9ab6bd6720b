package agui_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/agui"
)

// Hostile input costs no more than its length, and never the process.
func TestDecodeSurvivesHostileInput(t *testing.T) {
	many := strings.Repeat(`"a":1,`, 100_000)
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	for _, tt := range []struct {
		name, in string
		valid    bool
	}{
		{"many members", `{` + many + `"type":"CUSTOM","name":"n","value":1}`, true},
		{"many members of the same name", `{"type":"CUSTOM",` + strings.Repeat(`"name":"n",`, 100_000) + `"value":1}`, true},
		{"many operations", `{"type":"STATE_DELTA","delta":[` + strings.Repeat(`{"op":"remove","path":"/a"},`, 50_000) + `{"op":"remove","path":""}]}`, true},
		{"deep value", `{"type":"CUSTOM","name":"n","value":` + deep + `}`, true},
		{"too deep", `{"type":"CUSTOM","name":"n","value":` + deep + deep + `}`, false},
		{"endless depth", `{"type":"CUSTOM","value":` + strings.Repeat("[", 1_000_000), false},
		{"huge exponent", `{"type":"CUSTOM","timestamp":1e999999999}`, false},
		{"huge integer", `{"type":"CUSTOM","timestamp":` + strings.Repeat("9", 100_000) + `}`, false},
		{"half a surrogate pair", `{"type":"CUSTOM","name":"\ud83d","value":"\ud83d"}`, true},
	} {
		e, err := agui.Decode([]byte(tt.in))
		if (err == nil) != tt.valid || err != nil && !errors.Is(err, agui.ErrInvalid) {
			t.Errorf("%s: got %.100v, want valid %t", tt.name, err, tt.valid)
		}
		if err == nil {
			stable(t, e)
		}
	}
}

// An error goes into logs and answers: what somebody sent must not fill them.
func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, in := range []string{
		`{"type":"STATE_DELTA","delta":[{"op":"` + long + `","path":""}]}`,
		`{"type":"STATE_DELTA","delta":[{"op":"remove","path":"` + long + `"}]}`,
		`{"type":"TEXT_MESSAGE_START","messageId":"m","role":"` + long + `"}`,
		`{"type":"REASONING_MESSAGE_START","role":"` + long + `"}`,
		`{"type":"` + long + `"}`,
		`{"type":"MESSAGES_SNAPSHOT","messages":[{"role":"` + long + `"}]}`,
		`{"type":"RUN_STARTED","threadId":"t","runId":"r","protocolVersion":"` + long + `"}`,
	} {
		e, err := agui.Decode([]byte(in))
		if err == nil {
			err = agui.Validate(e)
		}
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%.60s: got an error of %d bytes", in, len(err.Error()))
		}
	}
}
