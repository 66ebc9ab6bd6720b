# make run    serves the hub on this machine and says what to try
# make build  makes bin/tidings
# make test   runs all tests
# make check  runs everything that looks at the code without running it
# make bench  measures

GO ?= go
# Where a test would wait for ever it is stopped.
TIMEOUT ?= 10m

.PHONY: run build test check format vet fix staticcheck cross vulnerabilities bench

run: build
	bin/tidings serve

build:
	$(GO) build -o bin/tidings ./cmd/tidings

test: test/clients/node_modules
	$(GO) test -race -timeout $(TIMEOUT) ./...

# What the tests of official clients run in Node.
test/clients/node_modules: test/clients/package-lock.json
	cd test/clients && npm ci --no-audit --no-fund
	@touch $@

check: format vet fix staticcheck cross vulnerabilities

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

# The database of vulnerabilities is on the network; where it cannot be
# reached, that is said and is no failure.
VULNERABILITIES ?= https://vuln.go.dev
vulnerabilities:
	@if curl -fsS -m 10 -o /dev/null $(VULNERABILITIES)/index/db.json; then \
		$(GO) tool -modfile=tools.mod govulncheck -db $(VULNERABILITIES) ./...; \
	else \
		echo "govulncheck: SKIPPED, $(VULNERABILITIES) cannot be reached from here"; \
	fi

bench:
	$(GO) test -run '^$$' -bench . -benchmem -timeout $(TIMEOUT) ./...
