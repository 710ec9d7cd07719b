#!/usr/bin/env bash
# Checks what a program gets that imports the library: the standard library, this module, resty and golang.org/x. With
# arguments, checks these packages of the current module instead.
set -euo pipefail
if (($# == 0)); then
  cd "$(dirname "$0")/.."
  set -- ./recall ./easemob ./netease ./goeasy
fi
allowed='^(github\.com/imrecall/imrecall|github\.com/go-resty/resty/v2|golang\.org/x/[^/]+)$'

modules=$(go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}' "$@" | sort -u)
echo "$modules"
if strangers=$(grep -vE "$allowed" <<<"$modules"); then
  echo "FAIL: these modules are not among them:"
  echo "$strangers"
  exit 1
fi

# The vocabulary alone brings nothing.
recall=github.com/imrecall/imrecall/recall
if strangers=$(go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' "$recall" | grep -vx "$recall"); then
  echo "FAIL: $recall imports more than the standard library:"
  echo "$strangers"
  exit 1
fi
