package analytics

// The types of the events of this package. They are written as here, and case
// counts. What somebody else publishes on the channel may have others.
const (
	TypeSessionStarted   = "SESSION_STARTED"
	TypeSessionEnded     = "SESSION_ENDED"
	TypePageView         = "PAGE_VIEW"
	TypeEngagementUpdate = "ENGAGEMENT_UPDATE"
	TypeRealTimeStats    = "REAL_TIME_STATS"
	TypeHeartbeat        = "HEARTBEAT"
)

// known holds the constants above, each by how JSON writes it, so that reading
// one allocates nothing.
var known = map[string]string{
	`"SESSION_STARTED"`:   TypeSessionStarted,
	`"SESSION_ENDED"`:     TypeSessionEnded,
	`"PAGE_VIEW"`:         TypePageView,
	`"ENGAGEMENT_UPDATE"`: TypeEngagementUpdate,
	`"REAL_TIME_STATS"`:   TypeRealTimeStats,
	`"HEARTBEAT"`:         TypeHeartbeat,
}
