package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tidings-dev/tidings/auth"
)

// token is "tidings token".
type token struct {
	Subject    string        `required:"" placeholder:"NAME" help:"Who the token is for (sub)."`
	Subscribe  []grantFlag   `sep:"none" placeholder:"GRANT" help:"What may be read: OWNER, OWNER:STREAM or OWNER:STREAM:SESSION, or a grant in JSON; may be given more than once."`
	Publish    []grantFlag   `sep:"none" placeholder:"GRANT" help:"Where may be published: OWNER, OWNER:CHANNEL or OWNER:CHANNEL:SESSION, or a grant in JSON; may be given more than once."`
	Admin      bool          `help:"Allow the feed of everyone, the figures, purging and revoking."`
	Lifetime   time.Duration `default:"1h" help:"How long the token lasts (${default}). A server takes at most a day, unless --auth-max-lifetime says otherwise."`
	Issuer     string        `placeholder:"NAME" help:"The issuer (iss), where the server wants one."`
	Audience   string        `placeholder:"NAME" help:"The audience (aud), where the server wants one."`
	SecretFile string        `env:"TIDINGS_AUTH_SECRET_FILE" placeholder:"FILE" help:"The file with the server's secret; without one it is that of the variable TIDINGS_AUTH_SECRET."`
	KeyFile    string        `placeholder:"FILE" help:"Sign with the private key in this file instead, in PEM; the server has the public one."`
	JSON       bool          `name:"json" help:"Print the token and its claims as JSON."`
}

// Help is shown by --help.
func (token) Help() string {
	return `It prints the token and nothing else, and says on standard error what is in it. In production your identity provider makes tokens; those of this command are for trying things out, and for programs of your own.

Without --subscribe, --publish and --admin it is for all that belongs to its subject. With one of them it is for what they say, and nothing else. An empty OWNER is the subject, * is every owner; an empty STREAM or CHANNEL is all of them. Names that have a colon are written in JSON.

Examples:

    export TIDINGS_AUTH_SECRET="$(head -c 32 /dev/urandom | base64)"    # that the server has too
    export TIDINGS_TOKEN="$(tidings token --subject alice)"             # publish, tail and replay use it
    tidings token --subject bob --subscribe bob --subscribe alice:agui:run-7
    tidings token --subject backend --publish '*' --lifetime 24h        # publishes for every user
    tidings token --subject bob --subscribe '{"owners":["alice"],"sessions":["run-7","run-8"]}'
    tidings token --subject operator --admin --json

With keys, of which the server has the public one:

    openssl genpkey -algorithm ed25519 -out private.pem
    openssl pkey -in private.pem -pubout -out public.pem
    tidings serve --auth-key-file public.pem
    tidings token --subject alice --key-file private.pem`
}

// A grantFlag is a grant as the command line has it.
type grantFlag struct {
	owners, sessions []string
	what             []string    // streams or channels
	grant            *auth.Grant // if it was JSON
}

// UnmarshalText reads the flag.
func (f *grantFlag) UnmarshalText(text []byte) error {
	if strings.HasPrefix(string(text), "{") {
		f.grant = new(auth.Grant)
		return f.grant.UnmarshalJSON(text)
	}
	parts := strings.Split(string(text), ":")
	if len(parts) > 3 {
		return fmt.Errorf("%q: want OWNER:STREAM:SESSION, or JSON such as {\"owners\":[\"a:b\"]}", text)
	}
	for i, to := range []*[]string{&f.owners, &f.what, &f.sessions} {
		if i < len(parts) && parts[i] != "" {
			*to = []string{parts[i]}
		}
	}
	return nil
}

// subscribe returns the grant of streams, publish that of channels.
func (f *grantFlag) subscribe() auth.Grant {
	if f.grant != nil {
		return *f.grant
	}
	return auth.Grant{Owners: f.owners, Streams: f.what, Sessions: f.sessions}
}

func (f *grantFlag) publish() auth.Grant {
	if f.grant != nil {
		return *f.grant
	}
	return auth.Grant{Owners: f.owners, Channels: f.what, Sessions: f.sessions}
}

// Run makes a token.
func (t *token) Run(c *console, parsed *kong.Context) error {
	signer, err := t.signer(parsed)
	if err != nil {
		return err
	}
	made, err := signer.Mint(t.claims(), t.Lifetime)
	if err != nil {
		return usage("%v", err)
	}
	return t.print(c, made)
}

// signer returns what signs the token. What the command line says counts more than
// a variable.
func (t *token) signer(parsed *kong.Context) (*auth.Signer, error) {
	if t.KeyFile != "" && onCommandLine(parsed, "secret-file") {
		return nil, usage("--key-file and --secret-file are two keys: leave one out")
	}
	if t.KeyFile != "" {
		data, err := os.ReadFile(t.KeyFile)
		if err != nil {
			return nil, usage("--key-file: %v", err)
		}
		return signerOr(auth.ParseSigner(data))
	}
	_, set := os.LookupEnv(secretEnv)
	if t.SecretFile == "" && !set {
		return nil, usage(`with which key? Set %s to that of the server, such as "$(head -c 32 /dev/urandom | base64)", or add --secret-file or --key-file`, secretEnv)
	}
	secret, err := readSecret(t.SecretFile)
	if err != nil {
		return nil, err
	}
	return signerOr(auth.NewSigner(secret))
}

// signerOr returns a Signer, or the error as one of usage.
func signerOr(s *auth.Signer, err error) (*auth.Signer, error) {
	if err != nil {
		return nil, usage("%s", strings.TrimPrefix(err.Error(), "auth: "))
	}
	return s, nil
}

// claims returns what the flags say.
func (t *token) claims() auth.Claims {
	c := auth.Claims{Subject: t.Subject, Issuer: t.Issuer}
	if t.Audience != "" {
		c.Audience = []string{t.Audience}
	}
	if len(t.Subscribe)+len(t.Publish) == 0 && !t.Admin {
		return c
	}
	c.Grants = &auth.Grants{Admin: t.Admin}
	for _, f := range t.Subscribe {
		c.Grants.Subscribe = append(c.Grants.Subscribe, f.subscribe())
	}
	for _, f := range t.Publish {
		c.Grants.Publish = append(c.Grants.Publish, f.publish())
	}
	return c
}

// print writes the token, and what is in it.
func (t *token) print(c *console, made string) error {
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(made, ".")[1])
	if err != nil {
		return err
	}
	if t.JSON {
		return c.printJSON(struct {
			Token  string          `json:"token"`
			Claims json.RawMessage `json:"claims"`
		}{made, claims})
	}
	c.note("for %s, good for %s: %s", printable(t.Subject), t.Lifetime, claims)
	_, err = fmt.Fprintln(c.out, made)
	return err
}
