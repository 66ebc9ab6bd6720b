package jsonscan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-dev/tidings/internal/jsonscan"
)

// members shows a walk as one string: key=value pairs, then the error.
func members(data string) string {
	var out []string
	for m, err := range jsonscan.Members([]byte(data)) {
		if err != nil {
			return strings.Join(append(out, err.Error()), " ")
		}
		out = append(out, string(m.Key)+"="+string(m.Value))
	}
	return strings.Join(out, " ")
}

// elements is members for an array.
func elements(data string) string {
	var out []string
	for v, err := range jsonscan.Elements([]byte(data)) {
		if err != nil {
			return strings.Join(append(out, err.Error()), " ")
		}
		out = append(out, string(v))
	}
	return strings.Join(out, " ")
}

func TestMembersYieldsRawKeysAndValuesInOrder(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{}`, ``},
		{" \t\r\n{ \n} ", ``},
		{`{"a":1}`, `"a"=1`},
		{`{"a":1,"b":"x","c":null,"d":true,"e":-1.5e+3}`, `"a"=1 "b"="x" "c"=null "d"=true "e"=-1.5e+3`},
		{` { "a" : 1 , "b" : [ ] } `, `"a"=1 "b"=[ ]`},
		{`{"a":{"b":{"c":[1,{"d":"}"}]}},"e":2}`, `"a"={"b":{"c":[1,{"d":"}"}]}} "e"=2`},
		{`{"a":["]","\"]","\\"],"b":"\\\""}`, `"a"=["]","\"]","\\"] "b"="\\\""`},
		{`{"":"","a\"b":1}`, `""="" "a\"b"=1`},
		{`{"a":1,"a":2}`, `"a"=1 "a"=2`},
		{`{"\u0061":1}`, `"\u0061"=1`},
	} {
		if got := members(tt.in); got != tt.want {
			t.Errorf("Members(%s):\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestMembersSaysWhereItCouldNotGoOn(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `malformed JSON at byte 0: want '{'`},
		{`[1]`, `malformed JSON at byte 0: want '{'`},
		{`{`, `malformed JSON at byte 1: want a member's name`},
		{`{1:2}`, `malformed JSON at byte 1: want a member's name`},
		{`{"a`, `malformed JSON at byte 1: want a complete value`},
		{`{"a"}`, `malformed JSON at byte 4: want ':'`},
		{`{"a":}`, `malformed JSON at byte 5: want a complete value`},
		{`{"a":"\"}`, `malformed JSON at byte 5: want a complete value`},
		{`{"a":[1}`, `malformed JSON at byte 8: want ',' or '}'`},
		{`{"a":[1`, `malformed JSON at byte 5: want a complete value`},
		{`{"a":["x]`, `malformed JSON at byte 5: want a complete value`},
		{`{"a":1 2}`, `malformed JSON at byte 7: want ',' or '}'`},
		{`{"a":1,}`, `malformed JSON at byte 7: want a member's name`},
		{`{"a":?}`, `malformed JSON at byte 5: want a complete value`},
		{`{} {}`, `malformed JSON at byte 3: want nothing more`},
		{`{"a":1}x`, `malformed JSON at byte 7: want nothing more`},
	} {
		got := members(tt.in)
		if got = got[max(0, strings.Index(got, "malformed")):]; got != tt.want {
			t.Errorf("Members(%s):\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestErrorsAreSyntaxErrors(t *testing.T) {
	for _, err := range jsonscan.Members([]byte(`{"a" 1}`)) {
		if e, ok := errors.AsType[*jsonscan.SyntaxError](err); !ok || e.Offset != 5 {
			t.Errorf("got %#v, want a *SyntaxError at 5", err)
		}
	}
}

// What is cut short is never taken for whole.
func TestEveryPrefixOfAnObjectIsAnError(t *testing.T) {
	const whole = ` {"a":{"b":["\\\"",{}]},"c":12,"d":"x"}`
	for n := range len(whole) {
		if err := jsonscan.Pick([]byte(whole[:n]), nil, nil); err == nil {
			t.Errorf("no error for %s", whole[:n])
		}
	}
}

func TestElementsYieldsRawValuesInOrder(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`[]`, ``},
		{` [ 1 , {"a":[2]} , "]" ] `, `1 {"a":[2]} "]"`},
		{`{}`, `malformed JSON at byte 0: want '['`},
		{`[1`, `1 malformed JSON at byte 2: want ',' or ']'`},
		{`[1,]`, `1 malformed JSON at byte 3: want a complete value`},
		{`[1]]`, `1 malformed JSON at byte 3: want nothing more`},
	} {
		if got := elements(tt.in); got != tt.want {
			t.Errorf("Elements(%s):\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestWalksStopWhenTheCallerDoes(t *testing.T) {
	n := 0
	for range jsonscan.Members([]byte(`{"a":1,"b":2}`)) {
		n++
		break
	}
	for range jsonscan.Elements([]byte(`[1,2]`)) {
		n++
		break
	}
	if n != 2 {
		t.Errorf("got %d items, want 2", n)
	}
}

func TestPickTakesTheLastOfANameHoweverItIsWritten(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"threadId":1,"x":2}`, `[1 ]`},
		{`{"thr\u0065adId":1,"\u0078":2,"x\u0000":3}`, `[1 ]`},
		{`{"y":1,"threadId":2,"threadId":3}`, `[3 1]`},
		{`{"threadId":2,"\u0074hreadId":3,"y":1,"y":null}`, `[3 null]`},
		{`{"threadId\u0020":2,"threadI\u0064\u0064":3,"THREADID":4,"a":{"threadId":5}}`, `[ ]`},
		{`{"threadI":1,"\u0074hreadI":2,"threadIdd":3}`, `[ ]`},
	} {
		var v [2][]byte
		if err := jsonscan.Pick([]byte(tt.in), []string{"threadId", "y"}, v[:]); err != nil {
			t.Errorf("Pick(%s): %v", tt.in, err)
		}
		if got := fmt.Sprintf("%s", v); got != tt.want {
			t.Errorf("Pick(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestStringDecodesAsEncodingJSON(t *testing.T) {
	for _, token := range []string{
		`""`, `"a"`, `"é"`, "\"\xff\"", "\"a\xe2\x82\"", `"\"\\\/\b\f\n\r\t"`,
		`"\u00e9"`, `"\uD83D\uDE00"`, `"\ud83d\ude00!"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\u0041"`,
		`"\ud83d\ud83d\ude00"`, `"\ud83dx"`, `"\ud83d\n"`, `"\ufffd"`, "\"\uFFFD\"", `"\u0000"`,
		`"\u00g0"`, `"\u00"`, `"\x"`, `"\"`, `"`, `"a"b"`, "\"\n\"", "\"\x7f\"", `"\ud83d\uzzzz"`, `"\U0041"`,
	} {
		var want string
		valid := json.Unmarshal([]byte(token), &want) == nil
		if got, ok := jsonscan.String([]byte(token)); ok != valid || got != want {
			t.Errorf("String(%s) = %q, %t, want %q, %t", token, got, ok, want, valid)
		}
	}
}

func TestStringRefusesWhatIsNoToken(t *testing.T) {
	for _, token := range []string{``, `x`, `1`, `null`, `{}`, ` "a"`, `"a" `} {
		if got, ok := jsonscan.String([]byte(token)); ok {
			t.Errorf("String(%s) = %q, want none", token, got)
		}
	}
}

func TestKindNamesWhatBeginsAValue(t *testing.T) {
	for in, want := range map[string]string{
		``: "nothing", " \n": "nothing", ` {`: "an object", `[]`: "an array", `"x"`: "a string", `-1`: "a number",
		`0`: "a number", `9`: "a number", `true`: "a boolean", `false`: "a boolean", `null`: "null", `?`: "no JSON",
	} {
		if got := jsonscan.Kind([]byte(in)); got != want {
			t.Errorf("Kind(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestOptionalTakesStringsAndWhatIsAbsent(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, `"" <nil>`},
		{`null`, `"" <nil>`},
		{`"a\u0062"`, `"ab" <nil>`},
		{`1`, `"" is a number, want a string`},
		{`{"a":1}`, `"" is an object, want a string`},
		{`"\x"`, `"" is a malformed string, want a string`},
	} {
		s, err := jsonscan.Optional([]byte(tt.in))
		if got := fmt.Sprintf("%q %v", s, err); got != tt.want {
			t.Errorf("Optional(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}
