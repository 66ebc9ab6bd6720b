package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/auth"
)

// secretEnv is the variable with the secret that tokens are signed with. There is
// no flag for it: a command line can be seen by everybody on a machine.
const secretEnv = "TIDINGS_AUTH_SECRET" // #nosec G101 -- it is the name of a variable

// authentication has the flags that say who may do what.
type authentication struct {
	JWKSURL     string        `name:"jwks-url" env:"TIDINGS_AUTH_JWKS_URL" placeholder:"URL" help:"Who asks has to have a token, a JWT, that is signed with one of the public keys there: a JSON Web Key Set, over https, or http on this machine."`
	KeyFile     string        `env:"TIDINGS_AUTH_KEY_FILE" placeholder:"FILE" help:"The same, with public keys in a file: in PEM, or a JSON Web Key Set. It is read again when it changes."`
	SecretFile  string        `env:"TIDINGS_AUTH_SECRET_FILE" placeholder:"FILE" help:"The same, with a secret of at least 32 random bytes, which is the text of a file, or of the variable TIDINGS_AUTH_SECRET."`
	Issuer      string        `env:"TIDINGS_AUTH_ISSUER" placeholder:"NAME" help:"What tokens have to have as their issuer (iss)."`
	Audience    string        `env:"TIDINGS_AUTH_AUDIENCE" placeholder:"NAME" help:"What tokens have to have as their audience (aud), or among it."`
	Skew        time.Duration `default:"30s" env:"TIDINGS_AUTH_SKEW" help:"How much earlier than it says a token may be used, because clocks differ, at most 5m (${default}). It ends when it says."`
	MaxLifetime time.Duration `default:"24h" env:"TIDINGS_AUTH_MAX_LIFETIME" help:"How long tokens may last at most; so long is remembered what was revoked (${default})."`

	secret auth.Secret
}

// enabled reports whether tokens are asked for.
func (a *authentication) enabled() bool {
	return a.JWKSURL != "" || a.KeyFile != "" || a.secret != nil
}

// resolve reads the secret, and reports flags that contradict each other. A source
// of keys that is named but empty is a variable that was not set elsewhere, and
// not a server without authentication.
func (a *authentication) resolve(parsed *kong.Context) error {
	sources, err := a.sources(parsed)
	if err != nil {
		return err
	}
	if len(sources) > 1 {
		return usage("%s and %s are two ways to tell whose tokens are good: leave one out", sources[0], sources[1])
	}
	if len(sources) == 0 {
		for _, name := range []string{"auth-issuer", "auth-audience", "auth-skew", "auth-max-lifetime"} {
			if stated(parsed, name) {
				return usage("--%s is about tokens, and nothing says whose are good: add --auth-jwks-url, --auth-key-file or --auth-secret-file", name)
			}
		}
		return nil
	}
	if a.JWKSURL == "" && a.KeyFile == "" {
		a.secret, err = readSecret(a.SecretFile)
	}
	return err
}

// sources returns the names of the flags and variables that say whose tokens are
// good.
func (a *authentication) sources(parsed *kong.Context) (all []string, err error) {
	for _, flag := range []struct{ name, value string }{
		{"auth-jwks-url", a.JWKSURL}, {"auth-key-file", a.KeyFile}, {"auth-secret-file", a.SecretFile},
	} {
		if flag.value != "" {
			all = append(all, "--"+flag.name)
		} else if stated(parsed, flag.name) {
			return nil, usage("--%s is empty: state it, or leave it out, with its variable", flag.name)
		}
	}
	if value, set := os.LookupEnv(secretEnv); set {
		if value == "" {
			return nil, usage("%s is empty: unset it, or give it at least %d random bytes", secretEnv, auth.MinSecret)
		}
		all = append(all, secretEnv)
	}
	return all, nil
}

// readSecret returns the secret in a file, without the end of its line, or that of
// the variable if no file is named.
func readSecret(path string) (auth.Secret, error) {
	if path == "" {
		return auth.Secret(os.Getenv(secretEnv)), nil
	}
	data, err := os.ReadFile(path) // #nosec G304 -- who starts the server names the file
	if err != nil {
		return nil, usage("the secret: %v", err)
	}
	return bytes.TrimRight(data, "\r\n"), nil
}

// verifier returns what looks at tokens, or nil if none are asked for.
func (a *authentication) verifier(ctx context.Context, logger *slog.Logger) (*auth.Verifier, error) {
	if !a.enabled() {
		return nil, nil
	}
	skew := a.Skew
	if skew == 0 {
		skew = -1 // none
	}
	v, err := auth.New(ctx, &auth.Options{
		JWKS: a.JWKSURL, KeyFile: a.KeyFile, Secret: a.secret, Issuer: a.Issuer, Audience: a.Audience,
		Skew: skew, MaxLifetime: a.MaxLifetime, Logger: logger,
	})
	if invalid, ok := errors.AsType[*tidings.InvalidError](err); ok {
		return nil, usage("--auth-jwks-url: want %s", invalid.Want)
	}
	if err != nil {
		return nil, usage("authentication: %s", strings.TrimPrefix(err.Error(), "auth: "))
	}
	return v, nil
}
