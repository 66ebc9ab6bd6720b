// Package auth lets in who has a JSON Web Token: it says who asks, and what the
// token grants. A [Verifier] fits [httpapi.Options].Authenticate:
//
//	verifier, err := auth.New(ctx, &auth.Options{
//		JWKS:     "https://issuer.example/.well-known/jwks.json",
//		Issuer:   "https://issuer.example",
//		Audience: "tidings",
//	})
//	...
//	defer verifier.Close()
//	api := httpapi.New(hub, &httpapi.Options{Authenticate: verifier.Authenticate})
//
// # Which tokens are good?
//
// Those signed with RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512
// or EdDSA by a key of the JWKS or the file, or with HS256, HS384 or HS512 by the
// secret, that have sub, iat and exp, and that have begun and not ended. A key
// says which algorithms it is for, a token never does. What there can be no two
// opinions on is refused: a member that is there twice, an extension that must be
// understood, a token in a token, a type other than JWT or at+jwt.
//
// A token ends at exp, and so do the streams that it opened. That clocks differ is
// allowed for at its beginning alone.
//
// # What may who has one?
//
// Read and publish what belongs to the subject, if the token has no claim tidings.
// With one it may what that says, and nothing else:
//
//	{"sub": "bob", "tidings": {
//	  "subscribe": [{}, {"owners": ["alice"], "streams": ["agui"], "sessions": ["run-7"]}],
//	  "publish":   [{"channels": ["system"]}]
//	}}
//
// Bob reads all of his own and one run of Alice's, and publishes for himself on one
// channel. A backend that publishes for its users has
// {"publish": [{"owners": ["*"]}]}, an operator {"admin": true}. See [Grants].
//
// # What if the keys cannot be had?
//
// Tokens of keys that are known are good as ever. A token of another key makes the
// Verifier ask for keys, every 15 seconds at most, and wait a second for the
// answer. If there is none, the request is answered with 503 and not with 401,
// because nothing speaks against the token; it is not let in.
package auth
