#!/usr/bin/env bash
# Runs each example as its README line says, and compares what it prints with its output.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
failures=0
for main in examples/*/main.go; do
  example=$(dirname "$main")
  if [[ ! -f $example/output.txt ]]; then
    echo "FAIL: $example has no output.txt"
    failures=$((failures + 1))
  elif ! go run "./$example" </dev/null | diff -u "$example/output.txt" -; then
    echo "FAIL: $example"
    failures=$((failures + 1))
  else
    echo "ok: $example"
  fi
done
exit $((failures > 0))
