# make run    serves the hub on this machine and says what to try
# make build  makes bin/tidings
# make test   runs all tests
# make check  runs everything that looks at the code without running it
# make bench  measures
# make bench-postgres  measures what a PostgreSQL that loses nothing allows
# make bench-nats  measures the log of JetStream, in a directory and on a server
# make bench-peers  measures delivery beside nchan, the usual server and what the machine allows

GO ?= go
# Where a test would wait for ever it is stopped.
TIMEOUT ?= 10m

.PHONY: run build test setup browser postgres pgbouncer nginx check format vet fix staticcheck gosec cross vulnerabilities bench bench-postgres bench-nats bench-peers nchan

run: build
	bin/tidings serve

build:
	$(GO) build -o bin/tidings ./cmd/tidings

# The second run is at full size what the race detector makes too slow.
test: setup
	$(GO) test -race -timeout $(TIMEOUT) ./...
	$(GO) test -timeout $(TIMEOUT) . ./test/hostile
	$(GO) test -timeout $(TIMEOUT) -run Herd ./test/chaos

# What the tests need beside Go: clients for Node, a browser, PostgreSQL and a
# pooler for it, and a proxy.
setup: test/clients/node_modules test/page/node_modules browser postgres pgbouncer nginx

test/%/node_modules: test/%/package-lock.json
	npm ci --prefix test/$* --no-audit --no-fund
	@touch $@

browser:
	@for b in "$$TIDINGS_TEST_CHROMIUM" chromium chromium-browser google-chrome; do \
		command -v "$$b" >/dev/null && exit 0; \
	done; \
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium; } || \
	{ echo "install chromium, or set TIDINGS_TEST_CHROMIUM to the path of a browser of its kind"; exit 1; }

# Debian's package starts a server of its own unless it is told not to; the
# tests start theirs.
postgres:
	@for b in "$$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin; do \
		test -x "$$b/initdb" && exit 0; \
	done; \
	command -v initdb >/dev/null && exit 0; \
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql-common && \
	  sed -i "s/^#*create_main_cluster.*/create_main_cluster = false/" /etc/postgresql-common/createcluster.conf && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql; } || \
	{ echo "install PostgreSQL 15 or later; with TIDINGS_TEST_POSTGRES_URL set to the URL of a superuser only the tests that stop their server need it"; exit 1; }

pgbouncer:
	@command -v pgbouncer >/dev/null || test -x /usr/sbin/pgbouncer || \
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends pgbouncer; } || \
	{ echo "install PgBouncer"; exit 1; }

# The server that Debian's nginx starts with its installation is stopped again.
nginx:
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx || \
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nginx && \
	  { service nginx stop >/dev/null 2>&1 || true; }; } || \
	{ echo "install nginx"; exit 1; }

check: format vet fix staticcheck gosec cross vulnerabilities

format:
	@unformatted="$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go'))"; \
	test -z "$$unformatted" || { echo "gofmt -w is needed for:"; echo "$$unformatted"; exit 1; }

vet:
	$(GO) vet ./...

# go fix prints what it would modernise, and fails if there is anything.
fix:
	$(GO) fix -diff ./...

staticcheck:
	$(GO) tool -modfile=tools.mod staticcheck ./...

cross:
	GOOS=darwin $(GO) build -o /dev/null ./... && GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) build -o /dev/null ./... && GOOS=windows $(GO) vet ./...

# What gosec finds is mended, or waived where it is, with the reason; but of two
# rules everywhere. G104: which errors matter vet and reviewers see better, and a
# call in a func literal cannot be assigned to _. G115: numbers from outside are
# bounded where they are read, which gosec does not see. What measures and what
# tests are made of serves nobody.
GOSEC_SKIP = bench|test|tidingstest|internal/(load|logproc|natstest|nettest|pgtest)
gosec:
	$(GO) tool -modfile=tools.mod gosec -quiet -fmt golint -exclude=G104,G115 -nosec-require-rules -nosec-require-justification \
		$$($(GO) list -f '{{.Dir}}' ./... | grep -vE '^$(CURDIR)/($(GOSEC_SKIP))(/|$$)')

# The database of vulnerabilities is on the network; where it cannot be
# reached, that is said and is no failure.
VULNERABILITIES ?= https://vuln.go.dev
vulnerabilities:
	@if curl -fsS -m 10 -o /dev/null $(VULNERABILITIES)/index/db.json; then \
		$(GO) tool -modfile=tools.mod govulncheck -db $(VULNERABILITIES) ./...; \
	else \
		echo "govulncheck: SKIPPED, $(VULNERABILITIES) cannot be reached from here"; \
	fi

bench: postgres
	$(GO) test -run '^$$' -bench . -benchmem -timeout $(TIMEOUT) ./...

# Each is one run; BENCHCOUNT=10 is for benchstat. Whatever else the machine does
# counts against what waits for several processes in turn.
BENCHCOUNT ?= 1
bench-postgres: postgres
	$(GO) test -run '^$$' -bench . -benchtime 5s -count $(BENCHCOUNT) -timeout 2h ./postgres

# BENCH chooses: BENCH=Herd.
BENCH ?= .
bench-nats:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime 5s -count $(BENCHCOUNT) -timeout 2h ./nats/...
	$(GO) run ./bench/peers -peers portable,raw -scenario '^broadcast, 100/s(, log in a directory)?$$'

# The module nchan of nginx, and a compiler for what shows the machine's limit.
nchan: nginx
	@{ command -v cc && ls /usr/lib*/nginx/modules/ngx_nchan_module.so; } >/dev/null 2>&1 || \
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends libnginx-mod-nchan gcc libc6-dev util-linux; } || \
	{ echo "install nginx's module nchan, and a C compiler"; exit 1; }

# PEERS has flags: PEERS='-scenario broadcast -rounds 5'. -help lists them.
PEERS ?=
bench-peers: nchan postgres
	$(GO) run ./bench/peers $(value PEERS)
