// Package natstest runs servers of NATS, in the process of a test or in one that
// can be killed, and what stands between them and their clients.
package natstest
