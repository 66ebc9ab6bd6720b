// Package analytics has the events of the channel [tidings.Analytics], which
// say what visitors do, for those who send them and for those who read them,
// and a Fold that computes from everybody's events what is going on now.
//
// # Sending
//
// A visitor's session begins, looks at pages and ends. What says so has
// a constructor that takes what is required; the rest is fields. One line
// broadcasts an event to all that its owner has open:
//
//	visits := analytics.NewBroadcaster(hub) // or analytics.Default(), from anywhere
//	view := analytics.NewPageView(sessionID, "/articles/7")
//	view.UserID = "ada"
//	visits.Broadcast(ctx, "alice", view)
//
// An empty field is left out. AppendJSON gives the bytes alone: one line, the
// type first, the rest in a fixed order, nothing escaped for HTML.
//
// The owner of the event, here alice, is who may see it: whose site it is, or who
// the visitor is. A UserID is only a name within what the owner sees.
//
// # What is on the wire
//
// Types are in capitals and members in snake case. The timestamp is RFC 3339 in
// UTC; durations are whole milliseconds.
//
//	{"type":"PAGE_VIEW","timestamp":"2026-11-20T22:07:43.452Z","session_id":"s1","user_id":"ada","page_url":"/articles/7"}
//
// # What is refused
//
// Nothing invalid is encoded. Ids must not be empty; they and other names are
// what [tidings.CheckName] accepts of 256 bytes, URLs of 8000; numbers are not
// negative, and counts have at most 53 bits, which is what JavaScript keeps.
// What is not so is an [*InvalidError]: which member, and why. The order of
// events is not checked.
//
// # Reading
//
// [Decode] reads an event into its type:
//
//	e, err := analytics.Decode(data)
//	switch e := e.(type) {
//	case *analytics.PageView:
//		fmt.Println(e.PageURL)
//	case *analytics.RealTimeStats:
//		fmt.Println(e.ActiveUsers)
//	case *analytics.UnknownEvent: // of a later version, or somebody's own
//	}
//
// It takes more than is written: null and what is missing are zero. Events of a
// type that is not known are kept whole. [Peek] reads the type and the session,
// and nothing else, for those who only route.
//
// # What is going on now
//
// A [Fold] takes every event in the order of the log, and tells at any time how
// many sessions and people are active and how much they request, of one owner
// or of everyone:
//
//	fold := analytics.NewFold(nil)
//	for event, err := range sub.Events(ctx) { // of everyone
//		…
//		fold.Apply(&event)
//		stats := fold.Of("alice", time.Now())
//	}
//
// It goes by the log's stamps, not by what payloads say, so every replica that
// has read as far says the same. Its doc defines each figure. It has no lock and
// no goroutine: who shares it locks it.
//
// A [Tracker] keeps one up to date with a hub, as long as that is open, and may be
// used concurrently. It forgets an owner who is purged. Package httpapi makes one for its real-time stats:
//
//	tracker := analytics.NewTracker(hub, nil)
//	stats, err := tracker.Of(ctx, "alice")
package analytics
