package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/client"
	"github.com/tidings-dev/tidings/httpapi"
)

// How do I publish, and receive what was published?
func ExampleClient_Follow() {
	ctx := context.Background()
	hub, err := tidings.New(ctx, nil, nil)
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	server := httptest.NewServer(httpapi.New(hub, nil))
	defer server.Close()

	c, err := client.New(server.URL, nil)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	_, err = c.Publish(ctx, tidings.Event{User: "alice", Channel: "system", Data: []byte(`{"text":"hello"}`)})
	if err != nil {
		panic(err)
	}
	for e, err := range c.Follow(ctx, client.Stream{Name: "contexts", User: "alice", FromStart: true}) {
		if lost, ok := errors.AsType[*tidings.LostError](err); ok {
			fmt.Println("something may be missing after", lost.After)
			continue
		}
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s %s\n", e.Channel, e.Data)
		break
	}
	// Output: system {"text":"hello"}
}
