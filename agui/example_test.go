package agui_test

import (
	"fmt"
	"strings"

	"github.com/tidings-dev/tidings/agui"
)

// Where does each event of a request body belong?
func ExampleTracker() {
	body := `{"type":"RUN_STARTED","threadId":"trip","runId":"1"}
{"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"Hello"}
{"type":"RUN_FINISHED","threadId":"trip","runId":"1"}
{"type":"CUSTOM","name":"late","value":1}`
	var tracker agui.Tracker
	for line := range strings.Lines(body) {
		p, err := agui.Peek([]byte(line))
		if err == nil {
			p, err = tracker.Next(p)
		}
		fmt.Println(p.Type, p.ThreadID, p.RunID, err == agui.ErrNoSession)
	}
	// Output:
	// RUN_STARTED trip 1 false
	// TEXT_MESSAGE_CONTENT trip 1 false
	// RUN_FINISHED trip 1 false
	// CUSTOM   true
}
