package load

import (
	"fmt"
	"slices"
	"time"
)

// A Scenario is what is done to a server.
type Scenario string

// The scenarios.
const (
	Broadcast Scenario = "broadcast" // one owner, whose every event goes to all connections
	Owners    Scenario = "owners"    // an owner for each connection
	Herd      Scenario = "herd"      // all connect at once, and each is owed events
	Stalled   Scenario = "stalled"   // some of those who connect never read
	Idle      Scenario = "idle"      // connections to which nothing is sent
)

// Templates of Tidings' URLs. {user} stands for an owner, {channel} for the
// channel.
const (
	SubscribeURL = "/v1/stream/{channel}?user={user}"
	PublishURL   = "/v1/publish/{channel}?user={user}&session=bench"
	BatchURL     = "/v1/events"
)

// Options say what to do to which server. The zero value of a field that is not
// required has the default that stands beside it.
type Options struct {
	Scenario Scenario // Broadcast
	Server   string   // required: such as http://127.0.0.1:8080, without TLS

	// Paths of the server, or whole URLs where another server takes what is
	// published. A template of what is published that names {user} takes
	// payloads, one that does not takes lines as POST /v1/events does.
	SubscribeURL string // SubscribeURL
	PublishURL   string // PublishURL; BatchURL with Batch above 1, or with NDJSON and more owners than publishers
	Channel      string // agui

	Connections int // 1,000
	Owners      int // 1, of the scenarios Owners and Idle as many as connections
	Stalled     int // how many of the connections never read: a tenth of the scenario Stalled, else none
	Owed        int // events to each connection of a herd: 100
	Connecting  int // how many connections are opened at a time: 100, of a herd 1,000

	Window     int     // events outstanding at most: 1, of Owners as many as can be sent at a time
	Rate       float64 // events per second, in place of a window; 100 of Stalled, and beside a herd
	Publishers int     // connections that publish: with a rate and of Owners 64, else as many as the window has events, at most 16
	Batch      int     // events in each request: 1
	NDJSON     bool    // each publisher has one request, which stays open, and an answer to each line
	Size       int     // bytes of a payload: 148, which makes a frame of about 190

	Warmup   time.Duration // before anything is measured: 1 s
	Duration time.Duration // of what is measured: 5 s, of Idle 20 s
	Patience time.Duration // how long what is outstanding may take to arrive: 10 s

	PIDs []int // processes of the server, on this machine, whose CPU and memory are reported
}

// withDefaults returns a copy with the defaults of the scenario.
func (o Options) withDefaults() Options {
	set(&o.Scenario, Broadcast)
	set(&o.SubscribeURL, SubscribeURL)
	set(&o.Channel, "agui")
	set(&o.Connections, 1000)
	set(&o.Batch, 1)
	set(&o.Size, 148)
	set(&o.Warmup, time.Second)
	set(&o.Patience, 10*time.Second)
	o.scenarioDefaults()
	set(&o.Duration, 5*time.Second)
	set(&o.Owners, 1)
	set(&o.Connecting, 100)
	o.publisherDefaults()
	return o
}

// scenarioDefaults sets what differs between scenarios.
func (o *Options) scenarioDefaults() {
	switch o.Scenario {
	case Owners:
		set(&o.Owners, o.Connections)
	case Idle:
		set(&o.Owners, o.Connections)
		set(&o.Duration, 20*time.Second)
	case Herd:
		set(&o.Owed, 100)
		set(&o.Connecting, 1000)
		set(&o.Rate, 500)
	case Stalled:
		set(&o.Stalled, max(o.Connections/10, 1))
		if o.Window == 0 {
			set(&o.Rate, 100)
		}
	}
}

// publisherDefaults sets how events are published.
func (o *Options) publisherDefaults() {
	lines := 1 // of one publisher, outstanding
	if o.NDJSON {
		lines = 16
	}
	switch {
	case o.Scenario == Owners:
		set(&o.Publishers, min(64, o.Owners))
		if o.Rate == 0 {
			set(&o.Window, o.Publishers*o.Batch*lines)
		}
	case o.Rate == 0:
		set(&o.Window, o.Batch)
		set(&o.Publishers, min(max(o.Window/o.Batch, 1), 16))
	}
	set(&o.Publishers, 64) // so that events do not wait for each other
	if o.PublishURL == "" {
		o.PublishURL = PublishURL
		if o.Batch > 1 || o.NDJSON && o.Owners > o.Publishers {
			o.PublishURL = BatchURL
		}
	}
}

// Check reports what makes no sense, as Run does.
func (o *Options) Check() error {
	with := o.withDefaults()
	return with.check()
}

// set sets a field that is zero.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check reports what makes no sense.
func (o *Options) check() error {
	for _, c := range []struct {
		wrong bool
		text  string
	}{
		{!slices.Contains([]Scenario{Broadcast, Owners, Herd, Stalled, Idle}, o.Scenario), fmt.Sprintf("there is no scenario %q", o.Scenario)},
		{o.Connections < 1, fmt.Sprintf("%d connections: want at least one", o.Connections)},
		{o.Owners < 1 || o.Owners > o.Connections, fmt.Sprintf("%d owners for %d connections: want from 1 to as many", o.Owners, o.Connections)},
		{o.Stalled < 0 || o.Stalled >= o.Connections, fmt.Sprintf("%d of %d connections stalled: some have to read", o.Stalled, o.Connections)},
		{o.Window < 0 || o.Rate < 0, "a window or a rate below zero"},
		{o.Window > 0 && o.Rate > 0, "a window and a rate: one of them says when events are sent"},
		{o.Batch < 1 || o.Publishers < 1, fmt.Sprintf("%d publishers with batches of %d: want at least one", o.Publishers, o.Batch)},
		{o.Batch > 1 && o.NDJSON, "batches on a request that stays open: it takes line by line"},
		{o.Window > 0 && o.Window < o.Batch, fmt.Sprintf("a window of %d for batches of %d: none could ever be sent", o.Window, o.Batch)},
		{o.Size < leastPayload, fmt.Sprintf("payloads of %d bytes: time and number need %d", o.Size, leastPayload)},
		{o.Scenario == Herd && (o.Owners != 1 || o.Stalled > 0), "a herd is of one owner, and all of it reads"},
		{o.Scenario == Herd && (o.Batch != 1 || o.NDJSON || o.Window > 0), "beside a herd single events are published, at a rate"},
		{o.Stalled > 0 && o.Owners != 1, "readers that stall are of one owner"},
		{o.Duration < 0 || o.Warmup < 0 || o.Patience < 0, "a time below zero"},
	} {
		if c.wrong {
			return fmt.Errorf("%s", c.text)
		}
	}
	return nil
}
