package analytics

import "time"

// PageView says that a page was looked at.
type PageView struct {
	// Timestamp is when it happened; the zero time is that of encoding.
	Timestamp time.Time
	SessionID string // required
	// UserID is who the session belongs to, if that is known. Empty leaves it
	// out.
	UserID    string
	PageURL   string // required
	ContentID string // what the page shows; empty leaves it out
	Referrer  string // the URL that led there; empty leaves it out
}

// NewPageView returns the PAGE_VIEW of a page.
func NewPageView(sessionID, pageURL string) *PageView {
	return &PageView{SessionID: sessionID, PageURL: pageURL}
}

func (e *PageView) members(c *codec) {
	c.time("timestamp", &e.Timestamp)
	c.id("session_id", &e.SessionID)
	c.optional("user_id", &e.UserID)
	c.url("page_url", &e.PageURL)
	c.optional("content_id", &e.ContentID)
	c.optionalURL("referrer", &e.Referrer)
}

// EngagementUpdate says how much attention a page has got so far.
type EngagementUpdate struct {
	// Timestamp is when it happened; the zero time is that of encoding.
	Timestamp time.Time
	SessionID string // required
	PageURL   string // required
	// ScrollDepth is how far down the visitor came, in the unit that the
	// producer chose: percent and fractions are both in use.
	ScrollDepth float64
	// TimeOnPage is written in whole milliseconds.
	TimeOnPage time.Duration
	ClickCount int64
}

// NewEngagementUpdate returns the ENGAGEMENT_UPDATE of a page.
func NewEngagementUpdate(sessionID, pageURL string) *EngagementUpdate {
	return &EngagementUpdate{SessionID: sessionID, PageURL: pageURL}
}

func (e *EngagementUpdate) members(c *codec) {
	c.time("timestamp", &e.Timestamp)
	c.id("session_id", &e.SessionID)
	c.url("page_url", &e.PageURL)
	c.number("scroll_depth", &e.ScrollDepth)
	c.duration("time_on_page_ms", &e.TimeOnPage)
	c.count("click_count", &e.ClickCount)
}
