#!/usr/bin/env bash
# Runs each example as its README line says, and compares what it prints with its output.txt. One that serves shows with
# -demo what it can do.
set -euo pipefail
cd "$(dirname "$0")/.."
failures=0

run() { # folder
  if [[ -f $1/demo.go ]]; then
    (cd "$1" && GOWORK=off go run . -demo)
  elif [[ -f $1/go.mod ]]; then
    (cd "$1" && GOWORK=off go run .)
  else
    go run "./$1"
  fi
}

for main in examples/*/main.go; do
  example=$(dirname "$main")
  if [[ ! -f $example/output.txt ]]; then
    echo "FAIL: $example has no output.txt"
    failures=$((failures + 1))
  elif ! run "$example" </dev/null | diff -u "$example/output.txt" -; then
    echo "FAIL: $example"
    failures=$((failures + 1))
  else
    echo "ok: $example"
  fi
done
exit $((failures > 0))
