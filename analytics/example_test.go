package analytics_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
)

// What does a site send when a page is looked at?
func Example() {
	view := analytics.NewPageView("s1", "/articles/7")
	view.Timestamp = time.Date(2026, 11, 20, 22, 7, 43, 0, time.UTC)
	view.UserID = "ada"
	data, err := view.AppendJSON(nil)
	fmt.Printf("%s %v\n", data, err)
	// Output:
	// {"type":"PAGE_VIEW","timestamp":"2026-11-20T22:07:43Z","session_id":"s1","user_id":"ada","page_url":"/articles/7"} <nil>
}

// What is wrong with an event?
func ExampleInvalidError() {
	_, err := analytics.NewPageView("s1", "").AppendJSON(nil)
	if invalid, ok := errors.AsType[*analytics.InvalidError](err); ok {
		fmt.Println(invalid.Field, invalid.Problem)
	}
	// Output: page_url is empty, want a URL
}

// What has somebody sent?
func ExampleDecode() {
	for _, data := range []string{
		`{"type":"ENGAGEMENT_UPDATE","session_id":"s1","page_url":"/","scroll_depth":80,"time_on_page_ms":4500,"click_count":null}`,
		`{"type":"VIDEO_PLAYED","session_id":"s1"}`,
	} {
		e, err := analytics.Decode([]byte(data))
		switch e := e.(type) {
		case *analytics.EngagementUpdate:
			fmt.Println(e.Session(), e.TimeOnPage, e.ScrollDepth, err)
		case *analytics.UnknownEvent:
			fmt.Println(e.Session(), e.Type, err)
		}
	}
	// Output:
	// s1 4.5s 80 <nil>
	// s1 VIDEO_PLAYED <nil>
}

// Which session does an event belong to?
func ExamplePeek() {
	p, err := analytics.Peek([]byte(`{"type":"SESSION_ENDED","session_id":"s1","duration_ms":90000}`))
	fmt.Println(p.Type, p.SessionID, err)
	// Output: SESSION_ENDED s1 <nil>
}

// How many are there now?
func ExampleFold() {
	fold := analytics.NewFold(nil)
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i, data := range []string{
		`{"type":"SESSION_STARTED","session_id":"s1"}`,
		`{"type":"PAGE_VIEW","session_id":"s1","user_id":"ada","page_url":"/"}`,
		`{"type":"PAGE_VIEW","session_id":"s2","user_id":"ada","page_url":"/"}`,
		`{"type":"SESSION_STARTED","session_id":"s3","is_bot":true}`,
	} {
		id := tidings.NewID(noon, uint64(i+1)) // a log does this
		fold.Apply(&tidings.Event{ID: id, User: "alice", Channel: tidings.Analytics, Data: []byte(data)})
	}
	for _, now := range []time.Time{noon, noon.Add(time.Minute), noon.Add(5 * time.Minute)} {
		stats := fold.Of("alice", now)
		data, _ := stats.AppendJSON(nil)
		fmt.Printf("%s\n", data)
	}
	// Output:
	// {"type":"REAL_TIME_STATS","timestamp":"2026-11-20T12:00:00Z","active_sessions":3,"active_users":2,"requests_per_minute":4,"page_views_last_5m":2,"bot_requests_last_5m":1}
	// {"type":"REAL_TIME_STATS","timestamp":"2026-11-20T12:01:00Z","active_sessions":3,"active_users":2,"requests_per_minute":0,"page_views_last_5m":2,"bot_requests_last_5m":1}
	// {"type":"REAL_TIME_STATS","timestamp":"2026-11-20T12:05:00Z","active_sessions":0,"active_users":0,"requests_per_minute":0,"page_views_last_5m":0,"bot_requests_last_5m":0}
}
