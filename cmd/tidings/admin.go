package main

import (
	"log"
	"net/http"
	"net/http/pprof"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/metrics"
)

// publicFigures returns what serves figures where events are served, or nil. They
// are for whoever asks, so on a server that asks who that is they are not there.
func (s *serve) publicFigures(hub *tidings.Hub, figures *metrics.Serving) http.Handler {
	if s.authenticated() || s.Listen.AdminAddr != "" {
		return nil
	}
	return metrics.Handler(hub, figures)
}

// adminServer returns a server of figures, health and profiles.
func (s *serve) adminServer(c *console, r *running) *http.Server {
	return &http.Server{
		Handler:           r.api.Admin(adminRoutes(r.hub, r.figures), s.Listen.AnyoneMayProfile),
		ReadHeaderTimeout: headerPatience, IdleTimeout: idlePatience, MaxHeaderBytes: mostHeader,
		ErrorLog: log.New(&serverLog{s.logger(c)}, "", 0),
	}
}

// adminRoutes returns figures and profiles. pprof.Cmdline is not among them: the
// command line may have passwords.
func adminRoutes(hub *tidings.Hub, figures *metrics.Serving) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler(hub, figures))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	return mux
}
