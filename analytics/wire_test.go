package analytics_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
)

// at is when the events of these tests happen, in a zone that is not written.
var at = time.Date(2026, 11, 20, 23, 7, 43, 452_000_000, time.FixedZone("", 3600))

// wire pins each event, with all that it can hold and with only what is
// required.
var wire = []struct {
	e    analytics.Event
	want string
}{
	{&analytics.SessionStarted{Timestamp: at, SessionID: "s1", DeviceType: "mobile", Browser: "Firefox", OS: "Android", Country: "IT", ReferrerSource: "search", IsBot: true},
		`{"type":"SESSION_STARTED","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","device_type":"mobile","browser":"Firefox","os":"Android","country":"IT","referrer_source":"search","is_bot":true}`},
	{&analytics.SessionStarted{Timestamp: at, SessionID: "s1"},
		`{"type":"SESSION_STARTED","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","is_bot":false}`},
	{&analytics.SessionEnded{Timestamp: at, SessionID: "s1", Duration: 90*time.Second + 1500*time.Microsecond, PageCount: 3, RequestCount: 7},
		`{"type":"SESSION_ENDED","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","duration_ms":90001,"page_count":3,"request_count":7}`},
	{&analytics.SessionEnded{Timestamp: at, SessionID: "s1"},
		`{"type":"SESSION_ENDED","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","duration_ms":0,"page_count":0,"request_count":0}`},
	{&analytics.PageView{Timestamp: at, SessionID: "s1", UserID: "u1", PageURL: `/search?q="<&>"\é`, ContentID: "c1", Referrer: "https://example.com/"},
		`{"type":"PAGE_VIEW","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","user_id":"u1","page_url":"/search?q=\"<&>\"\\é","content_id":"c1","referrer":"https://example.com/"}`},
	{&analytics.PageView{Timestamp: at, SessionID: "s1", PageURL: "/"},
		`{"type":"PAGE_VIEW","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","page_url":"/"}`},
	{&analytics.EngagementUpdate{Timestamp: at, SessionID: "s1", PageURL: "/", ScrollDepth: 62.5, TimeOnPage: 2 * time.Second, ClickCount: 4},
		`{"type":"ENGAGEMENT_UPDATE","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","page_url":"/","scroll_depth":62.5,"time_on_page_ms":2000,"click_count":4}`},
	{&analytics.EngagementUpdate{Timestamp: at, SessionID: "s1", PageURL: "/"},
		`{"type":"ENGAGEMENT_UPDATE","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","page_url":"/","scroll_depth":0,"time_on_page_ms":0,"click_count":0}`},
	{&analytics.RealTimeStats{Timestamp: at, ActiveSessions: 5, ActiveUsers: 4, RequestsPerMinute: 3, PageViewsLast5m: 2, BotRequestsLast5m: 1},
		`{"type":"REAL_TIME_STATS","timestamp":"2026-11-20T22:07:43.452Z","active_sessions":5,"active_users":4,"requests_per_minute":3,"page_views_last_5m":2,"bot_requests_last_5m":1}`},
	{&analytics.Heartbeat{Timestamp: at}, `{"type":"HEARTBEAT","timestamp":"2026-11-20T22:07:43.452Z"}`},
}

func TestEventsAreWrittenAs(t *testing.T) {
	for _, tt := range wire {
		got, err := tt.e.AppendJSON([]byte("before "))
		if string(got) != "before "+tt.want || err != nil {
			t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
		}
		if whole, err := tt.e.(json.Marshaler).MarshalJSON(); string(whole) != tt.want || err != nil {
			t.Errorf("MarshalJSON: got %s, %v\nwant %s", whole, err, tt.want)
		}
		if p, err := analytics.Peek([]byte(tt.want)); p.Type != tt.e.EventType() || p.SessionID != tt.e.Session() || err != nil {
			t.Errorf("Peek: got %v, %v of %s", p, err, tt.want)
		}
	}
}

func TestEventsAreReadAsTheyWereWritten(t *testing.T) {
	for _, tt := range wire {
		got, err := analytics.Decode([]byte(tt.want))
		if err != nil || reflect.TypeOf(got) != reflect.TypeOf(tt.e) {
			t.Errorf("got a %T, %v of %s", got, err, tt.want)
			continue
		}
		if again, err := got.AppendJSON(nil); string(again) != tt.want || err != nil {
			t.Errorf("got %s, %v\nwant %s", again, err, tt.want)
		}
		into := reflect.New(reflect.TypeOf(tt.e).Elem()).Interface()
		if err := json.Unmarshal([]byte(tt.want), into); err != nil || !reflect.DeepEqual(into, got) {
			t.Errorf("Unmarshal: got %v, %v, want %v", into, err, got)
		}
	}
}

func TestConstructorsTakeWhatIsRequired(t *testing.T) {
	for _, e := range []analytics.Event{
		analytics.NewSessionStarted("s"), analytics.NewSessionEnded("s"), analytics.NewPageView("s", "/"), analytics.NewEngagementUpdate("s", "/"),
		&analytics.RealTimeStats{}, &analytics.Heartbeat{},
	} {
		if data, err := e.AppendJSON(nil); err != nil {
			t.Errorf("%s: got %s, %v", e.EventType(), data, err)
		}
	}
}

func TestTimestampIsTheTimeOfEncodingWhereThereIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1500 * time.Millisecond) // since midnight, with which a bubble begins
		const want = `{"type":"HEARTBEAT","timestamp":"2000-01-01T00:00:01.5Z"}`
		var e analytics.Heartbeat
		if got, err := e.AppendJSON(nil); string(got) != want || err != nil || !e.Timestamp.IsZero() {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}

func TestWhatIsInvalidIsRefusedWhenItIsEncoded(t *testing.T) {
	long := strings.Repeat("x", 257)
	for _, tt := range []struct {
		e    analytics.Event
		want string
	}{
		{analytics.NewSessionStarted(""), `SESSION_STARTED: session_id is empty, want an id`},
		{analytics.NewSessionEnded(""), `SESSION_ENDED: session_id is empty, want an id`},
		{analytics.NewPageView("s", ""), `PAGE_VIEW: page_url is empty, want a URL`},
		{analytics.NewEngagementUpdate("", "/"), `ENGAGEMENT_UPDATE: session_id is empty, want an id`},
		{analytics.NewEngagementUpdate("s", ""), `ENGAGEMENT_UPDATE: page_url is empty, want a URL`},
		{analytics.NewSessionEnded(long), `SESSION_ENDED: session_id is "` + long[:64] + `…", want at most 256 bytes, not 257`},
		{&analytics.SessionStarted{SessionID: "s", OS: "a\nb"}, `SESSION_STARTED: os is "a\nb", want UTF-8 without control characters and without spaces at its ends`},
		{&analytics.SessionStarted{SessionID: "s", Country: " x"}, `SESSION_STARTED: country is " x", want UTF-8 without control characters and without spaces at its ends`},
		{&analytics.PageView{SessionID: "s", PageURL: "/", UserID: "\xff"}, `PAGE_VIEW: user_id is "\xff", want UTF-8 without control characters and without spaces at its ends`},
		{&analytics.PageView{SessionID: "s", PageURL: "/", ContentID: long}, `PAGE_VIEW: content_id is "` + long[:64] + `…", want at most 256 bytes, not 257`},
		{&analytics.PageView{SessionID: "s", PageURL: "/", Referrer: strings.Repeat(long, 32)}, `PAGE_VIEW: referrer is "` + long[:64] + `…", want at most 8000 bytes, not 8224`},
		{&analytics.SessionEnded{SessionID: "s", Duration: -1}, `SESSION_ENDED: duration_ms is -1ns, want 0 or more`},
		{&analytics.SessionEnded{SessionID: "s", PageCount: -1}, `SESSION_ENDED: page_count is -1, want 0 to 9007199254740991`},
		{&analytics.SessionEnded{SessionID: "s", RequestCount: 1 << 53}, `SESSION_ENDED: request_count is 9007199254740992, want 0 to 9007199254740991`},
		{&analytics.EngagementUpdate{SessionID: "s", PageURL: "/", ScrollDepth: -0.5}, `ENGAGEMENT_UPDATE: scroll_depth is -0.5, want 0 or more`},
		{&analytics.EngagementUpdate{SessionID: "s", PageURL: "/", ScrollDepth: math.NaN()}, `ENGAGEMENT_UPDATE: scroll_depth is NaN, want 0 or more`},
		{&analytics.EngagementUpdate{SessionID: "s", PageURL: "/", ScrollDepth: math.Inf(1)}, `ENGAGEMENT_UPDATE: scroll_depth is +Inf, want 0 or more`},
		{&analytics.EngagementUpdate{SessionID: "s", PageURL: "/", TimeOnPage: -time.Second}, `ENGAGEMENT_UPDATE: time_on_page_ms is -1s, want 0 or more`},
		{&analytics.RealTimeStats{ActiveUsers: -1}, `REAL_TIME_STATS: active_users is -1, want 0 to 9007199254740991`},
		{&analytics.Heartbeat{Timestamp: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, `HEARTBEAT: timestamp is in the year 10000, want 0 to 9999`},
		{&analytics.UnknownEvent{Type: "OTHER", Data: json.RawMessage(`{"type":`)}, `OTHER: is malformed JSON`},
		{&analytics.UnknownEvent{Type: "OTHER"}, `OTHER: is nothing, want an object`},
	} {
		got, err := tt.e.AppendJSON([]byte("before"))
		invalid, _ := errors.AsType[*analytics.InvalidError](err)
		if string(got) != "before" || !errors.Is(err, analytics.ErrInvalid) || invalid == nil || invalid.Object != tt.e.EventType() {
			t.Errorf("%s: got %s, %v, want ErrInvalid", tt.want, got, err)
			continue
		}
		if text := strings.TrimPrefix(err.Error(), "analytics: invalid "); text != tt.want {
			t.Errorf("got  %s\nwant %s", text, tt.want)
		}
	}
}

func TestTooLongIsTheHubsTooLarge(t *testing.T) {
	_, err := analytics.NewSessionEnded(strings.Repeat("x", 257)).MarshalJSON()
	if !errors.Is(err, tidings.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}
