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

// How do I publish tokens without waiting for each?
func ExampleClient_Open() {
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
	p := c.Open(ctx)
	for _, token := range []string{`"How "`, `"are "`, `"you?"`} {
		if _, err := p.Send(ctx, tidings.Event{User: "alice", Channel: "system", Data: []byte(token)}); err != nil {
			panic(err)
		}
	}
	last, err := p.Publish(ctx, tidings.Event{User: "alice", Channel: "system", Data: []byte(`"end"`)})
	if err != nil {
		panic(err)
	}
	p.Close()
	fmt.Println("the last is event", last.ID.Seq())
	// Output: the last is event 4
}
