package a2a

// The types of events. In A2A 1.0 the type is the one member of a
// StreamResponse; in 0.3 it is the event's kind. Task and Message are written
// alike in both.
const (
	Task           = "task"
	Message        = "message"
	StatusUpdate   = "statusUpdate"
	ArtifactUpdate = "artifactUpdate"

	StatusUpdateKind   = "status-update"   // StatusUpdate in 0.3
	ArtifactUpdateKind = "artifact-update" // ArtifactUpdate in 0.3
)
