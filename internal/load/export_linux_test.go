package load

// Dial is an inner door for tests.
var Dial = dial
