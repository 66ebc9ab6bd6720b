package tidings_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestCloseEndsThoseWhoWaitForTheLog(t *testing.T) {
	for name, end := range map[string]func(hub *tidings.Hub, sub *tidings.Subscription){
		"subscription": func(_ *tidings.Hub, sub *tidings.Subscription) { sub.Close() },
		"hub":          func(hub *tidings.Hub, _ *tidings.Subscription) { hub.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
				publishNumbers(t, hub, "u", "s", 0, 499)
				synctest.Wait()
				log.Reads.Hold()
				defer log.Reads.Release()
				pulled := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
				fed := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
				deliveries := fed.Deliveries()
				ended := make(chan error, 1)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				go func() {
					_, err := pulled.Pending(ctx, nil)
					ended <- err
				}()
				synctest.Wait()
				begun := time.Now()
				end(hub, pulled)
				if err := <-ended; !errors.Is(err, tidings.ErrClosed) {
					t.Errorf("got %v, want ErrClosed", err)
				}
				time.AfterFunc(time.Minute, log.Reads.Release)
				fed.Close()
				if _, open := <-deliveries; open {
					t.Error("the channel is open")
				}
				if waited := time.Since(begun); waited > 0 {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

func TestChannelFormOutlivesAFailingLog(t *testing.T) {
	inBubble(t, func(t *testing.T, log *tidingstest.SliceLog, hub *tidings.Hub) {
		publishNumbers(t, hub, "u", "s", 0, 499)
		synctest.Wait()
		log.Fail(tidingstest.OpRead, errBroken, errBroken, nil, errBroken)
		sub := subscribe(t, hub, tidings.Selector{User: "u"}, tidings.Oldest)
		defer sub.Close()
		for _, want := range numbers(0, 499) {
			if got := <-sub.Deliveries(); string(got.Event.Data) != want {
				t.Fatalf("got %q, want %s", got.Event.Data, want)
			}
		}
	})
}

func TestSubscribingWhileTheLogIsReplaced(t *testing.T) {
	hub := newHub(t, tidingstest.NewSliceLog(nil), nil)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				hub.Replace()
			}
		}
	}()
	for i := range 20_000 {
		sub, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Live)
		if err != nil {
			t.Errorf("subscription %d: %v", i, err)
			break
		}
		sub.Close()
	}
	close(stop)
	<-stopped
}
