package load_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tidings-dev/tidings/internal/load"
)

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, tt := range []struct {
		says string
		opts load.Options
	}{
		{"connections", load.Options{Connections: -1}},
		{"owners", load.Options{Owners: 2, Connections: 1}},
		{"stalled", load.Options{Stalled: 5, Connections: 5}},
		{"of one owner", load.Options{Stalled: 1, Scenario: load.Owners}},
		{"a window and a rate", load.Options{Window: 1, Rate: 1}},
		{"below zero", load.Options{Rate: -1}},
		{"below zero", load.Options{Duration: -time.Second}},
		{"publishers", load.Options{Publishers: -1}},
		{"line by line", load.Options{Batch: 5, Window: 5, NDJSON: true}},
		{"could ever be sent", load.Options{Batch: 5, Window: 4}},
		{"need", load.Options{Size: 10}},
		{"herd", load.Options{Scenario: load.Herd, Owners: 2}},
		{"herd", load.Options{Scenario: load.Herd, Batch: 2}},
		{"scenario", load.Options{Scenario: "storm"}},
	} {
		if err := tt.opts.Check(); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: got %v, want something with %q", tt.opts, err, tt.says)
		}
	}
	for _, s := range []load.Scenario{"", load.Broadcast, load.Owners, load.Herd, load.Stalled, load.Idle} {
		if err := (&load.Options{Scenario: s}).Check(); err != nil {
			t.Errorf("the defaults of %q: %v", s, err)
		}
	}
}
