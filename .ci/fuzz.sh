#!/usr/bin/env bash
# Fuzzes each target for a few seconds, as long as the time for all of them lasts.
#
# Usage: .ci/fuzz.sh [seconds for each] [seconds for all]
set -euo pipefail
cd "$(dirname "$0")/.."
each=${1:-5} all=${2:-120}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
ran=0 left=0 failures=0

# fuzz forgives what go.dev/issue/75804 (fixed in Go 1.27) reports as a failure: that the time was up. A real failure
# comes with its input or with another text.
fuzz() { # package, target
  if go test -run='^$' -fuzz="^$2\$" -fuzztime="${each}s" "$1" </dev/null >"$log" 2>&1; then
    tail -n 1 "$log"
  elif ! grep -q 'Failing input written' "$log" &&
    [[ $(sed -n '/^--- FAIL/,/^FAIL$/p' "$log" | sed '1d;$d') == "    context deadline exceeded" ]]; then
    echo "ok: time was up (go.dev/issue/75804)"
  else
    cat "$log"
    return 1
  fi
}

# go test -list names the targets of a package first, and the package after them.
targets=$(go test -list '^Fuzz' ./... | awk '/^Fuzz/ { t[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print $2, t[i]; n = 0 }')
while read -r package target; do
  if [[ -z $target ]]; then continue; fi
  if ((SECONDS + each > all)); then
    left=$((left + 1))
    continue
  fi
  echo "$package $target"
  ran=$((ran + 1))
  fuzz "$package" "$target" || failures=$((failures + 1))
done <<<"$targets"
echo "$ran targets fuzzed, $failures failed, $left left out for time"
exit $((failures > 0))
