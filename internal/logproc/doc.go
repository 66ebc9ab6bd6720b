// Package logproc has logs in processes of their own, for tests of logs that several
// processes share. The test's binary is executed again for each, and answers what it is
// asked over its standard input and output, until its input ends.
//
// A context that ends here ends there, and so does a Read or Tail that is left: its next
// batch is asked for when it is wanted. The contract looks at goroutines in its own
// process; a log's process looks at its own, see [Main].
package logproc
