package metrics_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/metrics"
	"github.com/tidings-dev/tidings/tidingstest"
)

func TestFiguresOfAHub(t *testing.T) {
	log := tidings.NewMemoryLog(&tidings.MemoryOptions{Retain: tidings.Retention{Events: 2}})
	defer log.Close()
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	slow, err := hub.Subscribe(tidings.Selector{User: "u"}, tidings.Live)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"1", "2", "3", "4", "5", "bad"} {
		hub.Publish(t.Context(), tidings.Event{User: "u", Channel: tidings.AGUI, Data: []byte(data)})
	}
	slow.Pending(t.Context(), nil)
	slow.Close() // what it dropped survives it
	for _, user := range []string{"a", "a", "b"} {
		if _, err := hub.Connections("agui").Register(tidings.Connection{User: user, ID: rand.Text()}); err != nil {
			t.Fatal(err)
		}
	}
	want := `
# HELP tidings_connected_users Owners with connections to a stream.
# TYPE tidings_connected_users gauge
tidings_connected_users{stream="a2a"} 0
tidings_connected_users{stream="agui"} 2
tidings_connected_users{stream="analytics"} 0
tidings_connected_users{stream="contexts"} 0
tidings_connected_users{stream="feed"} 0
# HELP tidings_connections Connections to a stream.
# TYPE tidings_connections gauge
tidings_connections{stream="a2a"} 0
tidings_connections{stream="agui"} 3
tidings_connections{stream="analytics"} 0
tidings_connections{stream="contexts"} 0
tidings_connections{stream="feed"} 0
# HELP tidings_dropped_events_total Events discarded before an attached subscriber read them.
# TYPE tidings_dropped_events_total counter
tidings_dropped_events_total 3
# HELP tidings_log_followed 1 while the log is followed, else 0.
# TYPE tidings_log_followed gauge
tidings_log_followed 1
# HELP tidings_published_events_total Events acknowledged, duplicates not counted.
# TYPE tidings_published_events_total counter
tidings_published_events_total 5
# HELP tidings_refused_publishes_total Publishes that failed.
# TYPE tidings_refused_publishes_total counter
tidings_refused_publishes_total 1
# HELP tidings_window_events Events in the window.
# TYPE tidings_window_events gauge
tidings_window_events 2
`
	err = testutil.CollectAndCompare(metrics.NewCollector(hub), strings.NewReader(want), "tidings_connected_users", "tidings_connections", "tidings_dropped_events_total",
		"tidings_log_followed", "tidings_published_events_total", "tidings_refused_publishes_total", "tidings_window_events")
	if err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(metrics.NewCollector(hub)); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, error %v", problems, err)
	}
}

func TestFiguresOfALog(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	log.Diagnose(tidings.Health{Figures: map[string]float64{"outbox_rows": 3, "outbox_moved_total": 7}})
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	const figures = `
# HELP tidings_log_ok 1 while the log is followed and says that all of it works, else 0.
# TYPE tidings_log_ok gauge
tidings_log_ok %d
# HELP tidings_log_outbox_moved_total A figure that the log has of itself.
# TYPE tidings_log_outbox_moved_total counter
tidings_log_outbox_moved_total 7
# HELP tidings_log_outbox_rows A figure that the log has of itself.
# TYPE tidings_log_outbox_rows gauge
tidings_log_outbox_rows 3
`
	for ok, ill := range []error{errors.New("no listener"), nil} {
		log.Diagnose(tidings.Health{Err: ill, Figures: log.Health().Figures})
		err := testutil.CollectAndCompare(metrics.NewCollector(hub), strings.NewReader(fmt.Sprintf(figures, ok)),
			"tidings_log_ok", "tidings_log_outbox_moved_total", "tidings_log_outbox_rows")
		if err != nil {
			t.Error(err)
		}
	}
	if problems, err := testutil.CollectAndLint(metrics.NewCollector(hub)); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, error %v", problems, err)
	}
}

func TestFiguresWithNamesThatCannotBeAreNoPanic(t *testing.T) {
	log := tidingstest.NewSliceLog(nil)
	hub, err := tidings.New(t.Context(), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hub.Close()
	registry := prometheus.NewRegistry()
	if err := registry.Register(metrics.NewCollector(hub)); err != nil {
		t.Fatal(err)
	}
	log.Diagnose(tidings.Health{Figures: map[string]float64{"\xff": 1}})
	if _, err := registry.Gather(); err == nil || strings.Contains(err.Error(), "panic") {
		t.Errorf("got error %v", err)
	}
}
