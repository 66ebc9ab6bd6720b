module github.com/tidings-dev/tidings

go 1.26
