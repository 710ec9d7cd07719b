# Sourced: installs the pinned tools where they are missing, outside the checkout, and puts them first in PATH.
# A tool's folder is named after its version, so a new version here is a new folder there.

tools_cache=${XDG_CACHE_HOME:-$HOME/.cache}/imrecall-ci

install_tool() { # name, version, package
  local dir=$tools_cache/$1@$2
  if [[ ! -x $dir/$1 ]]; then
    # By way of a second folder: an installation that was cut short leaves nothing that looks whole.
    local partial=$dir.partial.$$
    mkdir -p "$partial"
    (cd "$partial" && GOWORK=off GOFLAGS= GOBIN=$partial go install "$3@$2")
    mkdir -p "$dir"
    mv -f "$partial/$1" "$dir/$1"
    rm -rf "$partial"
  fi
  PATH=$dir:$PATH
}

install_tools() {
  install_tool golangci-lint v2.15.0 github.com/golangci/golangci-lint/v2/cmd/golangci-lint
  install_tool gofumpt v0.12.0 mvdan.cc/gofumpt
  install_tool gotestsum v1.13.0 gotest.tools/gotestsum
  install_tool benchstat v0.0.0-20260908200009-22c9c6c9d4da golang.org/x/perf/cmd/benchstat
}
