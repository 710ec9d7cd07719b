#!/usr/bin/env bash
# Checks every module of this repository but the root's, which .ci/run checks: each has dependencies that a program which
# imports the library does not get.
#
# Usage: .ci/modules.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export GOWORK=off
# shellcheck source=.ci/tools.sh
source .ci/tools.sh
install_tools
failures=0

check() { # folder
  cd "$1"
  go mod tidy -diff
  go mod verify
  go vet ./...
  golangci-lint run ./...
  go build -o /dev/null ./...
  gotestsum --format=pkgname -- -race -shuffle=on ./...
}

mapfile -t modules < <(git ls-files -z --cached --others --exclude-standard '*/go.mod' | tr '\0' '\n' | grep -v '/testdata/' || true)
for module in "${modules[@]}"; do
  folder=$(dirname "$module")
  printf '\n--- module %s\n' "$folder"
  # A command of its own: "if f" would switch errexit off inside f.
  (check "$folder") &
  wait $! || {
    echo "FAIL: module $folder"
    failures=$((failures + 1))
  }
done
echo "${#modules[@]} modules, $failures failed"
exit $((failures > 0 || ${#modules[@]} == 0))
