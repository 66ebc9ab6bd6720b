package httpapi

import "io"

// ReadLines returns the lines of a body that are not blank, taken at most max at
// a time, and the error after them.
func ReadLines(body io.Reader, most, max int) (numbers []int, texts []string, err error) {
	l := lineReader{body: body, most: most, await: func() {}, rest: func() {}}
	defer l.release()
	for err == nil {
		l.wait()
		var lines []line
		lines, err = l.take(nil, max)
		for _, got := range lines {
			numbers, texts = append(numbers, got.number), append(texts, string(got.text))
		}
	}
	return numbers, texts, err
}

// KnownRuns returns of how many owners a run is known after events of these, all
// of which were refused, or none.
func KnownRuns(owners []string, refused bool) int {
	var r runs
	for _, owner := range owners {
		r.mark()
		r.of(owner)
		if refused {
			r.undo()
		}
	}
	known := len(r.young) + len(r.old)
	if r.first.known {
		known++
	}
	return known
}

// FirstValue is firstValue.
var FirstValue = firstValue

// KnownRates returns of how many subjects the rate is remembered.
func (h *Handler) KnownRates() int {
	h.rates.mu.Lock()
	defer h.rates.mu.Unlock()
	return len(h.rates.young) + len(h.rates.old)
}
