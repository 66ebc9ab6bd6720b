// Package load puts a server of event streams under load and says what that
// cost, well enough to judge servers by it.
//
// One thread does everything, with epoll and without a goroutine for a
// connection: it must cost less than any server that it measures, and where it
// does not, its report says so. It reads of an event stream what it needs and
// no more. Every payload carries the number of its event and the time at which
// it was meant to be sent, so a delivery is counted, judged and timed with a
// few memory accesses.
//
// # What is verified
//
// Every subscriber gets every event of its owner once; all subscribers of an
// owner get them in the same order; events of one publisher arrive in the
// order in which it sent them; positions grow; nothing else arrives; no stream
// ends. What is not so is an error, and there is no report: figures of a server
// that loses events mean nothing.
//
// # Closed and open loops
//
// With a window at most so many events are outstanding; one counts as done
// when all its subscribers have it. That measures cost. With a rate events are
// due at fixed times whatever became of those before, and their latency counts
// from when they were due, sent or not. That measures latency; what waits in
// the generator itself is part of it, so compare with another server in the
// same minute and not with zero.
//
// A server is told by its URLs, which are templates, so that others than
// Tidings can be measured with the same eyes.
package load
