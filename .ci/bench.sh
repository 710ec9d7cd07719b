#!/usr/bin/env bash
# Measures what a recall costs beside a hand-written net/http client, and prints it by benchstat. It judges nothing: a
# busy machine is no failure. docs/performance.md says what came out, and how to measure for longer.
#
# Usage: .ci/bench.sh [rounds] [benchtime]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} benchtime=${2:-200x}
# shellcheck source=.ci/tools.sh
source .ci/tools.sh
install_tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Round by round, and not -count: that would repeat one implementation before the other has its turn.
go test -c -o "$work/bench.test" ./internal/bench
for ((round = 0; round < rounds; round++)); do
  (cd internal/bench && "$work/bench.test" -test.run='^$' -test.bench=Recall -test.benchtime="$benchtime") >>"$work/results"
done
benchstat -col /impl "$work/results"
