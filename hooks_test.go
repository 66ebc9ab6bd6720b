package tidings_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// How long a publisher waited for the log is told of what was acknowledged, once
// for a batch, and not of what the hub says to itself.
func TestAHookIsToldHowLongTheLogTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		log := tidingstest.NewSliceLog(nil)
		hub := newHub(t, log, &tidings.Options{Hooks: tidings.Hooks{
			Appended: func(events int, took time.Duration) { told = append(told, fmt.Sprint(events, " in ", took)) },
		}})
		defer hub.Close()
		wait := func(publish func()) {
			log.Appends.Hold()
			time.AfterFunc(2*time.Second, log.Appends.Release)
			publish()
		}
		wait(func() { publishOne(t, hub, event("u", "s", "1")) })
		wait(func() { hub.PublishBatch(t.Context(), []tidings.Event{event("u", "s", "2"), event("u", "s", "3")}) })
		wait(func() { hub.PublishReserved(t.Context(), tidings.Event{Channel: "tidings.control", Data: []byte("1")}) })
		hub.Publish(t.Context(), event("u", "s", "bad"))
		log.Fail(tidingstest.OpAppend, errors.New("no disk"))
		hub.Publish(t.Context(), event("u", "s", "4"))
		if got, want := fmt.Sprint(told), "[1 in 2s 2 in 2s]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
