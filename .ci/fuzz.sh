#!/usr/bin/env bash
# Fuzzes each target for a few seconds: fewer where the time for all of them would not last, but at least one.
#
# Usage: .ci/fuzz.sh [seconds for each] [seconds for all]
set -euo pipefail
cd "$(dirname "$0")/.."
each=${1:-5} all=${2:-120}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
ran=0 failures=0

# fuzz forgives what go.dev/issue/75804 (fixed in Go 1.27) reports as a failure: that the time was up. A real failure
# comes with its input or with another text.
fuzz() { # folder of the module, package, target, seconds
  if GOWORK=off go -C "$1" test -run='^$' -fuzz="^$3\$" -fuzztime="${4}s" "$2" </dev/null >"$log" 2>&1; then
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
targets() { # folder of a module
  GOWORK=off go -C "$1" test -list '^Fuzz' ./... |
    awk -v folder="$1" '/^Fuzz/ { t[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print folder, $2, t[i]; n = 0 }'
}

all_targets=$(git ls-files --cached --others --exclude-standard 'go.mod' '*/go.mod' | sort -r | while read -r mod; do targets "$(dirname "$mod")"; done)
count=$(grep -c . <<<"$all_targets" || true)
while read -r folder package target; do
  if [[ -z $target ]]; then continue; fi
  share=$(((all - SECONDS) / (count - ran)))
  seconds=$((share > each ? each : share > 1 ? share : 1))
  ran=$((ran + 1))
  echo "$package $target, $seconds s"
  fuzz "$folder" "$package" "$target" "$seconds" || failures=$((failures + 1))
done <<<"$all_targets"
echo "$ran targets fuzzed, $failures failed"
exit $((failures > 0 || ran == 0))
