package a2a_test

import (
	"fmt"

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
