package tidingstest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// How does a test make a log fail?
func ExampleSliceLog_Fail() {
	log := tidingstest.NewSliceLog(nil)
	log.Fail(tidingstest.OpAppend, errors.New("connection refused"))
	event := tidings.Event{User: "alice", Channel: tidings.System, Data: []byte(`{}`)}
	for range 2 {
		receipts, err := log.Append(context.Background(), []tidings.Event{event})
		fmt.Println(len(receipts), err)
	}
	// Output:
	// 0 append: connection refused
	// 1 <nil>
}
