package analytics

import "time"

// SessionStarted says that somebody arrived.
type SessionStarted struct {
	// Timestamp is when it happened; the zero time is that of encoding.
	Timestamp time.Time
	SessionID string // required

	// What is known of the visitor. Empty leaves it out.
	DeviceType     string // such as "mobile"
	Browser        string
	OS             string
	Country        string
	ReferrerSource string // where he came from, such as "search"

	// IsBot says that it is no human. What the session does then counts among
	// RealTimeStats.BotRequestsLast5m.
	IsBot bool
}

// NewSessionStarted returns the SESSION_STARTED of a session.
func NewSessionStarted(sessionID string) *SessionStarted {
	return &SessionStarted{SessionID: sessionID}
}

func (e *SessionStarted) members(c *codec) {
	c.time("timestamp", &e.Timestamp)
	c.id("session_id", &e.SessionID)
	c.optional("device_type", &e.DeviceType)
	c.optional("browser", &e.Browser)
	c.optional("os", &e.OS)
	c.optional("country", &e.Country)
	c.optional("referrer_source", &e.ReferrerSource)
	c.flag("is_bot", &e.IsBot)
}

// SessionEnded says that somebody left, and what the session came to.
type SessionEnded struct {
	// Timestamp is when it happened; the zero time is that of encoding.
	Timestamp time.Time
	SessionID string // required
	// Duration is how long the session was, written in whole milliseconds.
	Duration     time.Duration
	PageCount    int64
	RequestCount int64
}

// NewSessionEnded returns the SESSION_ENDED of a session.
func NewSessionEnded(sessionID string) *SessionEnded {
	return &SessionEnded{SessionID: sessionID}
}

func (e *SessionEnded) members(c *codec) {
	c.time("timestamp", &e.Timestamp)
	c.id("session_id", &e.SessionID)
	c.duration("duration_ms", &e.Duration)
	c.count("page_count", &e.PageCount)
	c.count("request_count", &e.RequestCount)
}
