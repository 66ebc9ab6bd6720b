package httpapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/tidings-dev/tidings/internal/wire"
)

// acceptsStream refuses a request that would not take an event stream (RFC
// 9110 12.5.1): of the ranges that include it the most specific one counts.
func acceptsStream(header http.Header) error {
	accept := strings.Join(header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return nil
	}
	best, accepted := 0, false
	for entry := range strings.SplitSeq(accept, ",") {
		if specific, wanted := weigh(entry); specific > best {
			best, accepted = specific, wanted > 0
		}
	}
	if !accepted {
		return refusal(wire.NotAcceptable, "Accept is %q: want it to include %s", shorten(accept), wire.StreamType)
	}
	return nil
}

// weigh returns how specifically an entry of Accept includes event streams, 0
// if it does not, and how much it wants them.
func weigh(entry string) (specific int, wanted float64) {
	kind, params, err := mime.ParseMediaType(entry)
	if err != nil {
		return 0, 0
	}
	switch kind {
	case wire.StreamType:
		return 3, quality(params)
	case "text/*":
		return 2, quality(params)
	case "*/*":
		return 1, quality(params)
	}
	return 0, 0
}

// quality returns how much an entry of Accept is wanted, 0 if that is malformed.
func quality(params map[string]string) float64 {
	q, ok := params["q"]
	if !ok {
		return 1
	}
	wanted, _ := strconv.ParseFloat(q, 64)
	return wanted
}

// byLine reports whether the lines of a request are to be answered one by one: it
// is NDJSON and wants NDJSON by that name.
func byLine(header http.Header) bool {
	if ndjson, err := mediaType(header); err != nil || !ndjson {
		return false
	}
	for entry := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		kind, params, err := mime.ParseMediaType(entry)
		if err == nil && kind == wire.NDJSONType && quality(params) > 0 {
			return true
		}
	}
	return false
}
