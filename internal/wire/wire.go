// Package wire holds what the two ends of a connection must agree on: paths,
// names of parameters, headers and fields, media types and the types of
// problems. docs/protocol.md says what they mean; httpapi serves them, and
// client uses them.
package wire

import (
	"encoding/json"
	"time"
)

// Paths. Those that end in a slash are followed by a name.
const (
	StreamPath   = "/v1/stream/"   // {stream}
	FeedPath     = "/v1/feed"      //
	SessionsPath = "/v1/sessions/" // {session}/feed
	EventsPath   = "/v1/events"    //
	PublishPath  = "/v1/publish/"  // {channel}
	StatsPath    = "/v1/stats"     //
	CookiePath   = "/v1/cookie"    //
	LivePath     = "/health/live"  //
	ReadyPath    = "/health/ready" //

	TicketsPath     = "/v1/tickets"
	RevocationsPath = "/v1/revocations"
)

// Query parameters.
const (
	User       = "user"       // the owner
	Session    = "session"    // repeatable
	Types      = "types"      // comma separated, repeatable
	After      = "after"      // a position
	From       = "from"       // FromStart
	Names      = "names"      // NamesType
	Heartbeat  = "heartbeat"  // HeartbeatJSON
	Limit      = "limit"      // events of a snapshot
	Stream     = "stream"     // whose channels a snapshot is of
	Type       = "type"       // of what is published
	Key        = "key"        // of what is published
	Ticket     = "ticket"     // in place of other proof of who asks
	Connection = "connection" // that is to go on
	FromStart  = "start"
	NamesType  = "type"
	JSON       = "json"
)

// Headers.
const (
	UserHeader        = "Tidings-User" // the owner, in development
	LastEventIDHeader = "Last-Event-ID"
	TraceHeader       = "Traceparent"
)

// Media types.
const (
	JSONType    = "application/json"
	NDJSONType  = "application/x-ndjson"
	ProblemType = "application/problem+json"
	StreamType  = "text/event-stream"
)

// Names of frames on Tidings' own streams. Others have no name, unless asked
// for with names=type.
const (
	LostName      = "tidings.lost"
	ExpiringName  = "tidings.expiring"
	EndedName     = "tidings.ended"
	HeartbeatName = "heartbeat"
)

// HeartbeatData is the data of the heartbeat frame that heartbeat=json asks
// for, HeartbeatInterval the silence after which it is sent.
const (
	HeartbeatData     = `{"type":"heartbeat"}`
	HeartbeatInterval = 15 * time.Second
)

// Publication is one event as POST /v1/events takes it.
type Publication struct {
	User    string          `json:"user,omitempty"`
	Channel string          `json:"channel"`
	Session string          `json:"session,omitempty"`
	Type    string          `json:"type,omitempty"`
	Key     string          `json:"key,omitempty"`
	Trace   string          `json:"trace,omitempty"`
	Data    json.RawMessage `json:"data"`
}

// Receipt is the answer for one event.
type Receipt struct {
	ID          string `json:"id"`
	Duplicate   bool   `json:"duplicate"`
	Subscribers int    `json:"subscribers"`
}

// Receipts is the answer for an array or NDJSON, in order.
type Receipts struct {
	Receipts []Receipt `json:"receipts"`
}

// Event is an event in a feed. Data is the payload, byte for byte.
type Event struct {
	ID      string          `json:"id"`
	User    string          `json:"user"`
	Channel string          `json:"channel"`
	Session string          `json:"session,omitempty"`
	Type    string          `json:"type,omitempty"`
	Trace   string          `json:"trace,omitempty"`
	Time    time.Time       `json:"time"`
	Data    json.RawMessage `json:"data"`
}

// Feed is a snapshot.
type Feed struct {
	Events []Event `json:"events"`
	Cursor string  `json:"cursor"`
}

// Envelope is what the contexts stream puts around a payload.
type Envelope struct {
	Protocol string          `json:"protocol"`
	Event    json.RawMessage `json:"event"`
	Session  string          `json:"session,omitempty"`
}

// Lost is the data of the lost frame.
type Lost struct {
	After  string `json:"after"`
	Oldest string `json:"oldest"`
	Reason string `json:"reason"`
}

// Expiring is the data of the expiring frame.
type Expiring struct {
	Expires    time.Time `json:"expires"`
	Connection string    `json:"connection"`
}

// TicketRequest is what POST /v1/tickets takes.
type TicketRequest struct {
	Stream   string   `json:"stream"`
	User     string   `json:"user,omitempty"`
	Sessions []string `json:"sessions,omitempty"`
}

// TicketAnswer is its answer.
type TicketAnswer struct {
	Ticket  string    `json:"ticket"`
	Expires time.Time `json:"expires"`
}

// Revocation is what POST /v1/revocations takes: one of the two.
type Revocation struct {
	Subject string `json:"subject,omitempty"`
	Token   string `json:"token,omitempty"`
}

// Purged is the answer of DELETE /v1/events.
type Purged struct {
	ID string `json:"id"`
}

// Ended is the data of the ended frame.
type Ended struct {
	Reason string `json:"reason"` // TooManyConnections
}

// Stats is the answer of GET /v1/stats.
type Stats struct {
	Published   uint64         `json:"published"`
	Duplicates  uint64         `json:"duplicates"`
	Delivered   uint64         `json:"delivered"`
	Dropped     uint64         `json:"dropped"`
	Lost        uint64         `json:"lost"`
	Refused     uint64         `json:"refused"`
	Subscribers int            `json:"subscribers"`
	Users       int            `json:"users"`
	Sessions    int            `json:"sessions"`
	Events      int            `json:"events"`
	Bytes       int64          `json:"bytes"`
	Floor       string         `json:"floor"`
	Head        string         `json:"head"`
	Rings       map[string]int `json:"rings,omitzero"` // of the owner who is meant

	Connections map[string]Connections `json:"connections"` // to each stream that has some
	Delivery    Delivery               `json:"delivery"`
	Limits      map[string]Usage       `json:"limits"`
	Log         LogHealth              `json:"log"`
}

// Usage is a limit, and how much of it is used.
type Usage struct {
	Limit   *float64 `json:"limit,omitempty"` // nil if there is none
	Used    *int     `json:"used,omitempty"`  // nil where there is nothing to tell
	Refused uint64   `json:"refused"`
	Waiting int      `json:"waiting,omitempty"` // for their turn
}

// Delivery is how many streams are written to in which way.
type Delivery struct {
	Raw      int `json:"raw"`
	Portable int `json:"portable"`
}

// Connections are those to one stream of this replica.
type Connections struct {
	Users       int  `json:"users"`
	Connections int  `json:"connections"`
	Own         *int `json:"own,omitempty"` // of the owner who is meant
}

// LogHealth says whether the hub follows its log, and if not, why; and what the
// log says of itself.
type LogHealth struct {
	OK      bool               `json:"ok"`
	Error   string             `json:"error,omitempty"`
	Warning string             `json:"warning,omitempty"` // what else does not work as it should
	Figures map[string]float64 `json:"figures,omitempty"`
}

// Ready is the answer of GET /health/ready.
type Ready struct {
	Status  string `json:"status"`
	Warning string `json:"warning,omitempty"`
}

// Problem is an error before a stream begins, or the answer for a line: RFC 9457
// problem details. Index is there where the body held several events, Line where
// one that is published by itself was refused.
type Problem struct {
	Type   string `json:"type"`   // ProblemBase and one of the names below
	Title  string `json:"title"`  // the same for every problem of the type
	Status int    `json:"status"` // the HTTP status
	Detail string `json:"detail"` // what was wrong, with what value, and what to do
	Index  *int   `json:"index,omitempty"`
	Line   int    `json:"line,omitempty"` // from 1
}

// ProblemBase begins the types of problems. They name sections of
// docs/protocol.md.
const ProblemBase = "https://github.com/tidings-dev/tidings/blob/main/docs/protocol.md#"

// The names of problem types.
const (
	Invalid            = "invalid"              // 400
	UnknownChannel     = "unknown-channel"      // 400
	UserMissing        = "user-missing"         // 400
	SessionMissing     = "session-missing"      // 400
	BadPosition        = "bad-position"         // 400
	Unauthorized       = "unauthorized"         // 401
	Forbidden          = "forbidden"            // 403
	NotFound           = "not-found"            // 404
	MethodNotAllowed   = "method-not-allowed"   // 405
	NotAcceptable      = "not-acceptable"       // 406
	TooLarge           = "too-large"            // 413
	URITooLong         = "uri-too-long"         // 414
	UnsupportedMedia   = "unsupported-media"    // 415
	TooManyConnections = "too-many-connections" // 429
	TooManyEvents      = "too-many-events"      // 429
	HeaderTooLarge     = "header-too-large"     // 431
	Internal           = "internal"             // 500
	OutcomeUnknown     = "outcome-unknown"      // 503
	Unavailable        = "unavailable"          // 503
)
