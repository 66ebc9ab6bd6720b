// Package tidings is an event hub for AI agents.
package tidings
