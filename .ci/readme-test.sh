#!/usr/bin/env bash
# Runs what README.md tells contributors to run for the tests, verbatim: the ```sh block right after the line
# <!-- ci: test -->.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! block=$(awk '
  /^```/ && block { found = 1; exit }
  block           { print; next }
  /^```sh$/ && armed { block = 1; next }
  armed && NF     { exit }
  /^<!-- ci: test -->$/ { armed = 1 }
  END { exit !found }' README.md) || [[ -z $block ]]; then
  echo 'FAIL: README.md has no ```sh block right after the line <!-- ci: test -->'
  exit 1
fi
printf '%s\n' "$block" | sed 's/^/> /'
bash -euo pipefail -c "$block"
