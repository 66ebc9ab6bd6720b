package a2a_test

import (
	"context"
	"encoding/json"
	"fmt"

	sdk "github.com/a2aproject/a2a-go/v2/a2a"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/a2a"
)

// Which session does an event of an agent belong to?
func ExamplePeek() {
	p, err := a2a.Peek([]byte(`{"jsonrpc":"2.0","id":1,"result":{"statusUpdate":{"taskId":"book","contextId":"trip"}}}`))
	fmt.Println(p.Type, p.ContextID, p.TaskID, err)
	fmt.Printf("%s\n", p.Event)
	// Output:
	// statusUpdate trip book <nil>
	// {"statusUpdate":{"taskId":"book","contextId":"trip"}}
}

// How does an agent tell its user how its task goes?
func ExampleNewBroadcaster() {
	ctx := context.Background()
	hub, err := tidings.New(ctx, nil, nil)
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	sub, err := hub.Subscribe(tidings.Selector{User: "alice", Channels: []tidings.Channel{tidings.A2A}}, tidings.Live)
	if err != nil {
		panic(err)
	}
	defer sub.Close()

	task := sdk.TaskInfo{TaskID: "book", ContextID: "trip"}
	update := sdk.NewStatusUpdateEvent(task, sdk.TaskStateWorking, nil)
	update.Status.Timestamp = nil
	receipt, err := a2a.NewBroadcaster(hub).Broadcast(ctx, "alice", update)
	fmt.Println(receipt.Subscribers, err)

	// From an agent of version 0.3, as it came.
	_, err = a2a.NewRawBroadcaster(hub).Broadcast(ctx, "alice",
		json.RawMessage(`{"jsonrpc":"2.0","id":1,"result":{"kind":"status-update","taskId":"book","contextId":"trip","final":true}}`))
	fmt.Println(err)
	for e, err := range sub.Events(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.Type, e.Session, string(e.Data))
		if e.Type == a2a.StatusUpdateKind {
			break
		}
	}
	// Output:
	// 1 <nil>
	// <nil>
	// statusUpdate trip {"statusUpdate":{"contextId":"trip","status":{"state":"TASK_STATE_WORKING"},"taskId":"book"}}
	// status-update trip {"kind":"status-update","taskId":"book","contextId":"trip","final":true}
}
