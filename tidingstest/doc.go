// Package tidingstest tests what Tidings is made of, and programs that use it.
//
// [TestLog] is the contract of [tidings.Log] as a suite of tests. Whoever
// writes a log runs it; every log of this module does.
//
// [SliceLog] is a log on a slice and a mutex: plain, slow, obviously right,
// and able to lag and to fail exactly where a test wants it to.
//
// [Recorder] collects what subscribers saw and says whether it was what had to
// be seen.
package tidingstest
