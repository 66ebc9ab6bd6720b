package tidings_test

import (
	"testing"

	"github.com/tidings-dev/tidings"
)

// BenchmarkPublish is one publisher in process, and one subscriber who reads
// each event.
func BenchmarkPublish(b *testing.B) {
	hub := newHub(b, nil, nil)
	sub := subscribe(b, hub, tidings.Selector{User: "u"}, tidings.Live)
	e := event("u", "s", payload200)
	buffer := make([]tidings.Event, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hub.Publish(b.Context(), e); err != nil {
			b.Fatal(err)
		}
		if _, err := sub.Pending(b.Context(), buffer); err != nil {
			b.Fatal(err)
		}
	}
}

const payload200 = `{"type":"TEXT_MESSAGE_CONTENT","messageId":"d0d2e5c4-f923-4efc-829e-50affaf28678","delta":"Here is a sentence of the length that models like to stream to those who wait for them, more or less"}`
