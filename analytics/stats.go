package analytics

import "time"

// RealTimeStats says what is going on now. A [Fold] computes it; its doc
// defines each figure.
type RealTimeStats struct {
	// Timestamp is the time that the figures are of; the zero time is that of
	// encoding.
	Timestamp         time.Time
	ActiveSessions    int64
	ActiveUsers       int64
	RequestsPerMinute int64
	PageViewsLast5m   int64
	BotRequestsLast5m int64
}

func (e *RealTimeStats) members(c *codec) {
	c.time("timestamp", &e.Timestamp)
	c.count("active_sessions", &e.ActiveSessions)
	c.count("active_users", &e.ActiveUsers)
	c.count("requests_per_minute", &e.RequestsPerMinute)
	c.count("page_views_last_5m", &e.PageViewsLast5m)
	c.count("bot_requests_last_5m", &e.BotRequestsLast5m)
}

// Heartbeat says that whoever sends it is there. It counts nothing.
type Heartbeat struct {
	// Timestamp is when it was sent; the zero time is that of encoding.
	Timestamp time.Time
}

func (e *Heartbeat) members(c *codec) { c.time("timestamp", &e.Timestamp) }
