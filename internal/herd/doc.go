// Package herd lets a process bear thousands of connections that come at once,
// without making those wait who are connected already.
package herd
