package tidings_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tidings-dev/tidings"
)

func Example() {
	ctx := context.Background()
	hub, err := tidings.New(ctx, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer hub.Close()

	sub, err := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.Live)
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()

	for _, delta := range []string{"Good ", "tidings"} {
		_, err := hub.Publish(ctx, tidings.Event{
			User: "alice", Channel: tidings.AGUI, Session: "thread-1", Type: "TEXT_MESSAGE_CONTENT",
			Data: fmt.Appendf(nil, `{"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":%q}`, delta),
		})
		if err != nil {
			log.Fatal(err)
		}
	}

	count := 0
	for event, err := range sub.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %s\n", event.Session, event.Data)
		if count++; count == 2 {
			break
		}
	}
	// Output:
	// thread-1 {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"Good "}
	// thread-1 {"type":"TEXT_MESSAGE_CONTENT","messageId":"m1","delta":"tidings"}
}

// Resuming after a position gives exactly what came after it.
func ExampleAfter() {
	ctx := context.Background()
	hub, _ := tidings.New(ctx, nil, nil)
	defer hub.Close()

	var last tidings.ID // what a client has seen before its connection was cut
	for i := range 4 {
		receipt, _ := hub.Publish(ctx, tidings.Event{User: "alice", Channel: tidings.System, Data: fmt.Append(nil, i)})
		if i == 1 {
			last = receipt.ID
		}
	}

	sub, _ := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.After(last))
	defer sub.Close()
	batch, _ := sub.Pending(ctx, nil)
	for _, event := range batch.Events {
		fmt.Printf("%s\n", event.Data)
	}
	// Output:
	// 2
	// 3
}

// A snapshot is for the first paint; its cursor continues without a gap.
func ExampleHub_Snapshot() {
	ctx := context.Background()
	hub, _ := tidings.New(ctx, nil, nil)
	defer hub.Close()
	publish := func(n int) {
		hub.Publish(ctx, tidings.Event{User: "alice", Channel: tidings.System, Data: fmt.Append(nil, n)})
	}
	publish(1)
	publish(2)

	snapshot, _ := hub.Snapshot(ctx, tidings.Selector{User: "alice"}, 100)
	publish(3)
	sub, _ := hub.Subscribe(tidings.Selector{User: "alice"}, tidings.After(snapshot.Cursor))
	defer sub.Close()
	batch, _ := sub.Pending(ctx, nil)
	fmt.Println(len(snapshot.Events), "then", string(batch.Events[0].Data))
	// Output: 2 then 3
}
