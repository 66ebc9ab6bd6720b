package analytics

// These are the methods that make the types of this package Events.

// EventType returns [TypeSessionStarted].
func (e *SessionStarted) EventType() string { return TypeSessionStarted }

// Session returns e.SessionID.
func (e *SessionStarted) Session() string { return e.SessionID }

// AppendJSON appends the event to dst as one line of JSON. If it is not valid
// it returns dst as it was and an [*InvalidError].
func (e *SessionStarted) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (e *SessionStarted) MarshalJSON() ([]byte, error) { return appendObject(nil, e) }

// UnmarshalJSON reads as [Decode] does.
func (e *SessionStarted) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType returns [TypeSessionEnded].
func (e *SessionEnded) EventType() string { return TypeSessionEnded }

// Session returns e.SessionID.
func (e *SessionEnded) Session() string { return e.SessionID }

// AppendJSON appends the event to dst as one line of JSON. If it is not valid
// it returns dst as it was and an [*InvalidError].
func (e *SessionEnded) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (e *SessionEnded) MarshalJSON() ([]byte, error) { return appendObject(nil, e) }

// UnmarshalJSON reads as [Decode] does.
func (e *SessionEnded) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType returns [TypePageView].
func (e *PageView) EventType() string { return TypePageView }

// Session returns e.SessionID.
func (e *PageView) Session() string { return e.SessionID }

// AppendJSON appends the event to dst as one line of JSON. If it is not valid
// it returns dst as it was and an [*InvalidError].
func (e *PageView) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (e *PageView) MarshalJSON() ([]byte, error) { return appendObject(nil, e) }

// UnmarshalJSON reads as [Decode] does.
func (e *PageView) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType returns [TypeEngagementUpdate].
func (e *EngagementUpdate) EventType() string { return TypeEngagementUpdate }

// Session returns e.SessionID.
func (e *EngagementUpdate) Session() string { return e.SessionID }

// AppendJSON appends the event to dst as one line of JSON. If it is not valid
// it returns dst as it was and an [*InvalidError].
func (e *EngagementUpdate) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (e *EngagementUpdate) MarshalJSON() ([]byte, error) { return appendObject(nil, e) }

// UnmarshalJSON reads as [Decode] does.
func (e *EngagementUpdate) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType returns [TypeRealTimeStats].
func (e *RealTimeStats) EventType() string { return TypeRealTimeStats }

// Session returns "": the event belongs to no session.
func (e *RealTimeStats) Session() string { return "" }

// AppendJSON appends the event to dst as one line of JSON. If it is not valid
// it returns dst as it was and an [*InvalidError].
func (e *RealTimeStats) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (e *RealTimeStats) MarshalJSON() ([]byte, error) { return appendObject(nil, e) }

// UnmarshalJSON reads as [Decode] does.
func (e *RealTimeStats) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }

// EventType returns [TypeHeartbeat].
func (e *Heartbeat) EventType() string { return TypeHeartbeat }

// Session returns "": the event belongs to no session.
func (e *Heartbeat) Session() string { return "" }

// AppendJSON appends the event to dst as one line of JSON. If it is not valid
// it returns dst as it was and an [*InvalidError].
func (e *Heartbeat) AppendJSON(dst []byte) ([]byte, error) { return appendObject(dst, e) }

// MarshalJSON returns what AppendJSON appends. Called by json.Marshal its error
// comes wrapped, and '<', '>' and '&' come escaped.
func (e *Heartbeat) MarshalJSON() ([]byte, error) { return appendObject(nil, e) }

// UnmarshalJSON reads as [Decode] does.
func (e *Heartbeat) UnmarshalJSON(data []byte) error { return unmarshal(data, e) }
