// Package herd lets a process bear thousands of connections at once, without
// making those wait who have something to say.
package herd
