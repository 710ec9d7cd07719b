#!/usr/bin/env bash
# Shows that the rules of .golangci.yml about imports (depguard) and about what code may not do (forbidigo) hold in this
# tree, and that each of them fires: each case below becomes a file of its own in a copy of the tree, and golangci-lint
# has to refuse that file, by the rule that the case names, or to let it pass. A rule without a case fails too.
#
# Usage: .ci/rules.sh [golangci-lint]
set -euo pipefail
lint=${1:-golangci-lint}
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
module=github.com/imrecall/imrecall
expected=() # "refused|file|text" and "passes|file|"
failures=0

# Imports in three batches: a cycle of imports would stop the compiler before any linter.
down() {
  refuses_import recall recall github.com/go-resty/resty/v2
  refuses_import recall recall golang.org/x/net/publicsuffix
  refuses_import recall recall $module/internal/golden
  refuses_import rest internal/rest $module/internal/emulator
  refuses_import rest internal/rest github.com/stretchr/testify/assert
  refuses_import callback internal/callback github.com/go-resty/resty/v2
  refuses_import callback internal/callback $module/internal/emulator
  for vendor in easemob netease goeasy; do
    refuses_import vendors $vendor github.com/go-resty/resty/v2
    refuses_import vendors $vendor golang.org/x/net/publicsuffix
    refuses_import vendors $vendor $module/internal/emulator
    refuses_import vendors $vendor $module/internal/golden
    refuses_import vendors $vendor $module/internal/vendortest
    refuses_import vendors $vendor $module/$vendor/${vendor}test
    refuses_import emulators $vendor/${vendor}test github.com/go-resty/resty/v2
    refuses_import emulators $vendor/${vendor}test $module/internal/golden
    passes $vendor/x_test.go $module/internal/golden $module/$vendor/${vendor}test github.com/go-resty/resty/v2 \
      github.com/jarcoal/httpmock github.com/stretchr/testify/require go.uber.org/goleak
  done
  refuses_import vendors easemob $module/netease
  refuses_import vendors easemob $module/goeasy
  refuses_import vendors netease $module/goeasy
  refuses_import golden internal/golden github.com/go-resty/resty/v2
  refuses_import vendortest internal/vendortest github.com/stretchr/testify/assert
  refuses_import recalltest recall/recalltest $module/easemob
  refuses_import recalltest recall/recalltest github.com/stretchr/testify/assert
  passes recall/recalltest/x.go testing testing/synctest $module/recall
  refuses_import examples examples/x github.com/go-resty/resty/v2
  refuses_import examples examples/x $module/internal/rest
  refuses_import testing examples/acmechat/acmechat $module/recall/recalltest
  passes examples/acmechat/x.go $module/examples/acmechat/acmechat $module/recall
  refuses_import others cmd/x github.com/go-resty/resty/v2
  refuses_import others internal/x golang.org/x/net/publicsuffix
  refuses_import tests recall/x_test.go go.yaml.in/yaml/v3
  passes cmd/x/x.go $module/recall
  refuses_import cmd recall/x_test.go $module/cmd/x
  refuses_import cmd examples/x $module/cmd/x
}

up() {
  # Tests inside a vendor's package import its emulator, those of rest import vendortest: they would close a cycle.
  rm -f "$tree"/{easemob,netease,goeasy,internal/rest}/*_test.go
  for vendor in easemob netease goeasy; do
    refuses_import emulators $vendor/${vendor}test $module/$vendor
    refuses_import emulators $vendor/${vendor}test $module/recall
  done
  refuses_import vendors goeasy $module/easemob
  refuses_import vendors goeasy $module/netease
  refuses_import vendors netease $module/easemob
  refuses_import emulator internal/emulator $module/recall
  refuses_import emulator internal/emulator github.com/go-resty/resty/v2
  refuses_import golden internal/golden $module/recall
  refuses_import vendortest internal/vendortest $module/internal/rest
}

cli() {
  refuses_import cli cmd/imrecall/internal/x github.com/go-resty/resty/v2
  refuses_import cli cmd/imrecall/internal/x $module/internal/rest
  refuses_import cli cmd/imrecall/internal/x github.com/rogpeppe/go-internal/testscript
  refuses_import clitests cmd/imrecall/internal/x/x_test.go github.com/go-resty/resty/v2
  refuses_import clitests cmd/imrecall/internal/x/x_test.go $module/internal/golden
  passes cmd/imrecall/internal/x $module/recall $module/easemob/easemobtest github.com/spf13/cobra
  passes cmd/imrecall/internal/x/x_test.go testing $module/recall github.com/rogpeppe/go-internal/testscript
}

service() {
  refuses_import service examples/service github.com/go-resty/resty/v2
  refuses_import service examples/service $module/recall/recalltest
  refuses_import service examples/service modernc.org/sqlite/lib
  refuses_import testing examples/service testing
  passes examples/service $module/recall $module/goeasy/goeasytest modernc.org/sqlite
}

replicas() {
  refuses_import replicas examples/replicas github.com/go-resty/resty/v2
  refuses_import replicas examples/replicas $module/recall/recalltest
  refuses_import replicas examples/replicas $module/goeasy
  refuses_import replicas examples/replicas/x_test.go github.com/redis/go-redis/v9/maintnotifications
  refuses_import testing examples/replicas github.com/stretchr/testify/require
  passes examples/replicas $module/recall $module/netease/neteasetest github.com/redis/go-redis/v9
  passes examples/replicas/x_test.go $module/recall github.com/alicebob/miniredis/v2 go.uber.org/goleak
}

testing_only() {
  for place in recall internal/rest internal/callback internal/emulator internal/vendortest easemob easemob/easemobtest netease netease/neteasetest \
    goeasy goeasy/goeasytest examples/x cmd/x; do
    refuses_import testing $place testing
    refuses_import testing $place testing/fstest
  done
  refuses_import testing examples/x github.com/stretchr/testify/require
  refuses_import testing cmd/x github.com/jarcoal/httpmock
  refuses_import testing cmd/x go.uber.org/goleak
  refuses_import testing cmd/x $module/internal/golden
  refuses_import testing cmd/x $module/internal/vendortest
}

code() {
  for place in recall internal/rest internal/callback easemob easemob/easemobtest internal/emulator; do
    refuses_code "In a library, return an error" $place 'panic("x")'
    refuses_code "In a library, take the caller's ctx" $place '_ = context.Background()' context
    refuses_code "In a library, take the caller's ctx" $place '_ = context.TODO()' context
    refuses_code "In a library, standard output" $place 'fmt.Println()' fmt
    refuses_code "In a library, standard output" $place 'println()'
    refuses_code "In a library, the global logger" $place 'log.Printf("x")' log
    refuses_code "In a library, nothing ends the process" $place '_ = os.Getenv("X")' os
    refuses_code "A sleep is either" $place 'time.Sleep(1)' time
  done
  for place in recall/x_test.go easemob/x_test.go examples/x cmd/x; do
    refuses_code "A sleep is either" $place 'time.Sleep(1)' time
    accepts_code $place 'fmt.Println(context.Background(), os.Getenv("X"))' context fmt os
  done
  for call in 'Activate()' 'ActivateNonDefault(nil)' 'DeactivateAndReset()' 'RegisterResponder("", "", nil)' \
    'RegisterNoResponder(nil)' 'GetTotalCallCount()'; do
    refuses_code "This changes a global of all tests" easemob/x_test.go "httpmock.$call" github.com/jarcoal/httpmock
  done
  accepts_code easemob/x_test.go 'httpmock.NewMockTransport().RegisterResponder("", "", nil)' github.com/jarcoal/httpmock
}

refuses_import() { # rule, folder or file, import
  local file
  file=$(new_file "$2")
  printf '\nimport _ "%s"\n' "$3" >>"$tree/$file"
  expected+=("refused|$file|'$3'|'$1'")
}

refuses_code() { # words of the message, folder or file, statement, imports...
  local file
  file=$(new_file "$2")
  write_code "$file" "${@:3}"
  expected+=("refused|$file|$1|forbidigo")
}

passes() { # folder or file, imports...
  local file
  file=$(new_file "$1")
  printf '\nimport _ "%s"' "${@:2}" >>"$tree/$file"
  expected+=("passes|$file||")
}

accepts_code() { # folder or file, statement, imports...
  local file
  file=$(new_file "$1")
  write_code "$file" "${@:2}"
  expected+=("passes|$file||")
}

write_code() { # file, statement, imports...
  if (($# > 2)); then printf '\nimport "%s"' "${@:3}" >>"$tree/$1"; fi
  printf '\nfunc zz%s() { %s }\n' "${#expected[@]}" "$2" >>"$tree/$1"
}

# new_file starts a file for the next case: in a folder, or a test file where "folder/x_test.go" is given.
new_file() {
  local folder=$1 suffix=.go name
  case $1 in
    *_test.go) folder=$(dirname "$1") suffix=_zz_test.go ;;
    *.go) folder=$(dirname "$1") ;;
  esac
  mkdir -p "$tree/$folder"
  name=$(sed -n 's/^package //p' "$tree/$folder"/*.go 2>/dev/null | grep -v _test | sort -u | head -n 1 || true)
  name=${name:-$(basename "$folder")}
  if [[ $suffix != .go ]]; then name+=_test; fi
  printf 'package %s\n' "$name" >"$tree/$folder/zz${#expected[@]}$suffix"
  printf '%s\n' "$folder/zz${#expected[@]}$suffix"
}

# findings prints one line for each in these modules: file:line:column: text (linter).
findings() { # folders
  local status=0 folder
  : >"$work/findings"
  : >"$work/log"
  for folder in "$@"; do
    (cd "$folder" && "$lint" run --enable-only=depguard,forbidigo --issues-exit-code=0 --uniq-by-line=false --show-stats=false \
      --output.text.path=stdout --output.text.print-issued-lines=false --output.text.colors=false ./...) \
      >>"$work/findings" 2>>"$work/log" || status=$?
  done
  if ((status != 0)) || grep -q '(typecheck)$' "$work/findings"; then
    echo "golangci-lint could not check the copy of the tree:"
    cat "$work/findings" "$work/log"
    exit 1
  fi
}

fail() {
  echo "FAIL: $1"
  failures=$((failures + 1))
}

copy_tree() { # what git knows or would add: a developer's other files change nothing
  rm -rf "$tree" && mkdir "$tree"
  (cd "$source" && git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      if [[ -f $file ]]; then printf '%s\0' "$file"; fi
    done | tar --null -T - -cf -) | tar -C "$tree" -xf -
}

check() { # a function with cases, folder of their module
  copy_tree
  expected=()
  "$1"
  findings "$tree/${2:-.}"
  cat "$work/findings" >>"$work/all"
  local e verdict file text rule found
  for e in "${expected[@]}"; do
    IFS='|' read -r verdict file text rule <<<"$e"
    found=$(grep -F "$file:" "$work/findings" || true)
    if [[ $verdict == passes && -n $found ]]; then
      fail "$file should pass: $found"
    elif [[ $verdict == refused ]] && ! grep -F -- "$text" <<<"$found" | grep -qF -- "$rule"; then
      fail "$file was not refused by $rule with: $text${found:+ (but: $found)}"
    fi
  done
  total=$((total + ${#expected[@]}))
}

total=0
copy_tree
mapfile -t modules < <(find "$tree" -name go.mod -exec dirname {} +)
findings "${modules[@]}"
if [[ -s $work/findings ]]; then
  cat "$work/findings"
  fail "the tree itself breaks a rule"
fi
for batch in down up testing_only code; do check "$batch"; done
check cli cmd/imrecall
check service examples/service
check replicas examples/replicas

# Every rule of the configuration has a case that it refused.
for rule in $(sed -n '/^    depguard:/,/^  exclusions:/s/^        \([a-z]*\):.*/\1/p' "$tree/.golangci.yml"); do
  grep -qF "list '$rule'" "$work/all" || fail "no case shows that the depguard rule $rule fires"
done
while IFS= read -r message; do
  grep -qF -- "$message" "$work/all" || fail "no case shows that forbidigo says: $message"
done < <(sed -n '/^    forbidigo:/,/^    depguard:/s/^          msg: //p' "$tree/.golangci.yml")

echo "$total cases, $failures failures"
exit $((failures > 0))
