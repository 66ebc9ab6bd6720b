package tidings_test

import (
	"errors"
	"testing"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/tidingstest"
)

// A patient is a log that says how it is.
type patient struct {
	tidings.Log
	health tidings.Health
}

func (l *patient) Health() tidings.Health { return l.health }

func TestStatsHaveWhatTheLogSaysOfItself(t *testing.T) {
	ill := tidings.Health{Err: errors.New("no listener"), Figures: map[string]float64{"outbox_rows": 3}}
	got := newHub(t, &patient{tidingstest.NewSliceLog(nil), ill}, nil).Stats().Log
	if got.Err != ill.Err || got.Figures["outbox_rows"] != 3 {
		t.Errorf("got %+v, want %+v", got, ill)
	}
	if got := newHub(t, nil, nil).Stats().Log; got.Err != nil || got.Figures != nil {
		t.Errorf("of a log that says nothing: got %+v", got)
	}
}
