// Package natstest runs servers of NATS in the process of a test, and what stands
// between them and their clients.
package natstest
