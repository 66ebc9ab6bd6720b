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
		if specific, quality := weigh(entry); specific > best {
			best, accepted = specific, quality > 0
		}
	}
	if !accepted {
		return refusal(wire.NotAcceptable, "Accept is %q: want it to include %s", shorten(accept), wire.StreamType)
	}
	return nil
}

// weigh returns how specifically an entry of Accept includes event streams, 0
// if it does not, and how much it wants them.
func weigh(entry string) (specific int, quality float64) {
	kind, params, err := mime.ParseMediaType(entry)
	if err != nil {
		return 0, 0
	}
	quality = 1
	if q, ok := params["q"]; ok {
		quality, _ = strconv.ParseFloat(q, 64) // malformed is not wanted
	}
	switch kind {
	case wire.StreamType:
		return 3, quality
	case "text/*":
		return 2, quality
	case "*/*":
		return 1, quality
	}
	return 0, 0
}
