package load

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A Report is what a run found. Times are in microseconds unless they say
// otherwise, shares are of one CPU, memory is in bytes.
type Report struct {
	Scenario    Scenario `json:"scenario"`
	Connections int      `json:"connections"`
	Owners      int      `json:"owners"`
	Publishers  int      `json:"publishers"`
	Batch       int      `json:"batch"`
	NDJSON      bool     `json:"ndjson,omitempty"`
	Window      int      `json:"window,omitempty"`
	Rate        float64  `json:"rate,omitempty"`
	Size        int      `json:"size"`

	Seconds             float64 `json:"seconds"` // that were measured
	Events              int     `json:"events"`  // published in that time
	Deliveries          int     `json:"deliveries"`
	EventsPerSecond     float64 `json:"events_per_second"`
	DeliveriesPerSecond float64 `json:"deliveries_per_second"`

	Latency *Quantiles `json:"latency,omitempty"` // from when an event was due until a subscriber has it
	Answers *Quantiles `json:"answers,omitempty"` // from when an event was due until its publisher has the answer

	Herd    *HerdReport    `json:"herd,omitempty"`
	Stalled *StalledReport `json:"stalled,omitempty"`
	Server  *Usage         `json:"server,omitempty"` // nil if no process is known

	LoadCPU  float64  `json:"load_cpu"` // of the load generator
	Warnings []string `json:"warnings,omitempty"`
}

// Quantiles tell of many durations, in microseconds.
type Quantiles struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
	Max   float64 `json:"max_us"`
}

// Usage is what the server's processes used. To their CPU belongs that of the
// kernel's ksoftirqd on the CPUs to which they are pinned: it does their network
// work when that piles up.
type Usage struct {
	CPU              float64 `json:"cpu"`
	KernelCPU        float64 `json:"kernel_cpu"` // ksoftirqd's part of it
	PerDelivery      float64 `json:"cpu_us_per_delivery"`
	PerEvent         float64 `json:"cpu_us_per_event"`
	RSS              int64   `json:"rss_bytes"` // with everybody connected; if that is all, at the end
	RSSPerConnection int64   `json:"rss_bytes_per_connection"`
	RSSGrowth        int64   `json:"rss_growth_bytes"` // since everybody was connected, at most
	OthersCPU        float64 `json:"others_cpu"`       // of neither the server nor the load generator
}

// A HerdReport tells how clients that all came at once caught up.
type HerdReport struct {
	Owed    int        `json:"owed"`    // events to each
	Seconds float64    `json:"seconds"` // from the first connect until all had everything
	CPU     float64    `json:"cpu_seconds"`
	Usual   *Quantiles `json:"usual,omitempty"` // answers to publishers before
}

// A StalledReport tells what became of readers that never read.
type StalledReport struct {
	Readers int `json:"readers"`
	Cut     int `json:"cut"`
	// When they were cut, in seconds since the first event was sent.
	First  float64 `json:"first_cut_seconds,omitempty"`
	Median float64 `json:"median_cut_seconds,omitempty"`
	Last   float64 `json:"last_cut_seconds,omitempty"`
}

// busy is the share of its CPU from which on the load generator counts as what
// limits.
const busy = .9

// leastSeconds is how long a measurement has to be for its share of a CPU to
// mean something: the kernel counts in hundredths.
const leastSeconds = .2

// finish adds what follows from the rest.
func (r *Report) finish() {
	r.EventsPerSecond = float64(r.Events) / r.Seconds
	r.DeliveriesPerSecond = float64(r.Deliveries) / r.Seconds
	if r.LoadCPU >= busy && r.Seconds > leastSeconds {
		r.warn("the load generator used %.0f %% of its CPU: it was the limit, not the server", 100*r.LoadCPU)
	}
	if due := r.Rate * r.Seconds; r.Rate > 0 && r.Scenario != Herd && float64(r.Events) < .98*due-1 {
		r.warn("%d events were published of the %.0f that were due: the rate is more than server or publishers can do", r.Events, due)
	}
}

// warn adds a warning.
func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range r.rows() {
		fmt.Fprintf(t, "%s\t%s\n", row[0], row[1]) // Flush has the error
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, text := range r.Warnings {
		if _, err := fmt.Fprintf(w, "warning: %s\n", text); err != nil {
			return err
		}
	}
	return nil
}

// rows returns the lines of the table.
func (r *Report) rows() (rows [][2]string) {
	row := func(name, format string, args ...any) {
		rows = append(rows, [2]string{name, fmt.Sprintf(format, args...)})
	}
	row("scenario", "%s: %d connections, %d owners", r.Scenario, r.Connections, r.Owners)
	if r.Scenario != Idle {
		row("published by", "%s", r.published())
	}
	if r.Herd != nil {
		row("all caught up", "%.3f s, %d events each, %.0f events/s", r.Herd.Seconds, r.Herd.Owed, r.DeliveriesPerSecond)
	} else if r.Scenario != Idle {
		row("deliveries", "%d in %.1f s, %.0f/s", r.Deliveries, r.Seconds, r.DeliveriesPerSecond)
		row("events", "%d, %.0f/s", r.Events, r.EventsPerSecond)
	}
	row4 := func(name string, q *Quantiles) {
		if q != nil {
			row(name, "p50 %s  p90 %s  p99 %s  max %s", duration(q.P50), duration(q.P90), duration(q.P99), duration(q.Max))
		}
	}
	row4("latency", r.Latency)
	row4("answers to publishers", r.Answers)
	if r.Herd != nil {
		row4("the same before", r.Herd.Usual)
	}
	if s := r.Stalled; s != nil {
		row("stalled readers", "%d, %d cut, first after %.1f s, half after %.1f s, last after %.1f s", s.Readers, s.Cut, s.First, s.Median, s.Last)
	}
	return append(rows, r.usage()...)
}

// published says how events are published.
func (r *Report) published() string {
	how := "requests of one event"
	switch {
	case r.NDJSON:
		how = "requests that stay open"
	case r.Batch > 1:
		how = fmt.Sprintf("requests of %d events", r.Batch)
	}
	if r.Rate > 0 {
		return fmt.Sprintf("%d connections, %s, %g events/s", r.Publishers, how, r.Rate)
	}
	return fmt.Sprintf("%d connections, %s, %d events outstanding", r.Publishers, how, r.Window)
}

// usage returns the lines about CPU and memory.
func (r *Report) usage() [][2]string {
	load := [2]string{"load generator's CPU", percent(r.LoadCPU)}
	u := r.Server
	if u == nil {
		return [][2]string{load}
	}
	rows := [][2]string{{"server's CPU", fmt.Sprintf("%s, of which ksoftirqd %s", percent(u.CPU), percent(u.KernelCPU))}}
	if r.Deliveries > 0 {
		rows = append(rows, [2]string{"per delivery", fmt.Sprintf("%.2f µs, per event %.2f µs", u.PerDelivery, u.PerEvent)})
	}
	return append(rows,
		[2]string{"server's memory", fmt.Sprintf("%s, per connection %s, grown by %s", size(u.RSS), size(u.RSSPerConnection), size(u.RSSGrowth))},
		load,
		[2]string{"other processes' CPU", percent(u.OthersCPU)})
}

// WriteGoBench writes the report in the format of Go's benchmarks, for
// benchstat.
func (r *Report) WriteGoBench(w io.Writer) error {
	var name strings.Builder
	fmt.Fprintf(&name, "Benchmark%s/connections=%d", title(string(r.Scenario)), r.Connections)
	for _, part := range []struct {
		is   bool
		text string
	}{
		{r.Owners > 1 && r.Owners != r.Connections, fmt.Sprintf("/owners=%d", r.Owners)},
		{r.Window > 0, fmt.Sprintf("/window=%d", r.Window)},
		{r.Rate > 0, fmt.Sprintf("/rate=%g", r.Rate)},
		{r.Batch > 1, fmt.Sprintf("/batch=%d", r.Batch)},
		{r.NDJSON, "/ndjson"},
	} {
		if part.is {
			name.WriteString(part.text)
		}
	}
	_, err := fmt.Fprintf(w, "%s\t%d%s\n", &name, max(r.Deliveries, 1), r.metrics())
	return err
}

// metrics returns value and unit of everything that benchstat compares.
func (r *Report) metrics() (text string) {
	add := func(value float64, unit string) { text += fmt.Sprintf("\t%.6g %s", value, unit) }
	if r.Herd != nil {
		add(1e9*r.Herd.Seconds, "ns/herd")
	}
	if r.Deliveries > 0 {
		add(r.DeliveriesPerSecond, "deliveries/s")
	}
	if q := r.Latency; q != nil {
		add(1e3*q.P50, "p50-ns")
		add(1e3*q.P99, "p99-ns")
	}
	if q := r.Answers; q != nil {
		add(1e3*q.P99, "answer-p99-ns")
	}
	if u := r.Server; u != nil {
		add(1e3*u.PerDelivery, "cpu-ns/delivery")
		add(1e3*u.PerEvent, "cpu-ns/event")
		add(float64(u.RSSPerConnection), "B/connection")
		add(100*u.CPU, "server-cpu-%")
	}
	add(100*r.LoadCPU, "load-cpu-%")
	return text
}

// title returns a word with a capital first letter.
func title(word string) string { return string(word[0]-'a'+'A') + word[1:] }

// percent returns a share of a CPU.
func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// duration returns microseconds in a unit that suits them.
func duration(micros float64) string {
	switch {
	case micros < 1e3:
		return fmt.Sprintf("%.0f µs", micros)
	case micros < 1e6:
		return fmt.Sprintf("%.2f ms", micros/1e3)
	}
	return fmt.Sprintf("%.2f s", micros/1e6)
}

// size returns bytes in a unit that suits them.
func size(bytes int64) string {
	n, sign := bytes, ""
	if n < 0 {
		n, sign = -n, "-"
	}
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%s%d B", sign, n)
	case n < 10<<20:
		return fmt.Sprintf("%s%.1f KB", sign, float64(n)/(1<<10))
	}
	return fmt.Sprintf("%s%.1f MB", sign, float64(n)/(1<<20))
}
