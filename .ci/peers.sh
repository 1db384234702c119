#!/usr/bin/env bash
# Fetches what redbun is tested and measured against, through apt alone, on Debian 12 (Linux x64 or arm64):
#   redis-server, redis-cli, redis-benchmark 7.0   installed on the system, no service started
#   Redis's own test suite, in Tcl, 7.0 source     DIR/redis-suite
#   Redis 8.0 and Valkey 8.1                       DIR/bin/redis8, DIR/bin/valkey8 (from Debian 13, with its libraries)
#   redis_exporter, whose metrics redbun has       DIR/bin/redis_exporter
#
# usage: peers.sh [--suite] [DIR]
#   --suite   leave out all that is in DIR/bin, which only benchmarks and some comparisons use
#   DIR       default: $REDBUN_PEERS, or .peers in the repository
#
# Needs root, unless the system packages are there already. What is present is left alone, so it may run again.
set -euo pipefail

suite_only=false
if [ "${1:-}" = --suite ]; then suite_only=true; shift; fi
dir=${1:-${REDBUN_PEERS:-$(dirname "$0")/../.peers}}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
export DEBIAN_FRONTEND=noninteractive

need_system() {
  local program
  for program in redis-server redis-cli redis-benchmark tclsh openssl dpkg-source; do
    command -v "$program" >/dev/null || return 0
  done
  # For the unit of the suite that tests TLS.
  ! echo 'exit [catch {package require tls}]' | tclsh >/dev/null 2>&1
}

install_system() {
  # Installing redis-server would start it as a service, on the very port that tests expect to be free.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends redis-server redis-tools tcl tcl-tls openssl dpkg-dev >/dev/null
}

# The mirror that this system uses already.
mirror() {
  apt-get indextargets --format '$(CODENAME) $(REPO_URI)' | sed -n 's/^bookworm //p' | head -n 1
}

# A private apt state, so that the system's own sources stay as they are. Sets opts.
private() { # private NAME SOURCES-LINE
  local state="$dir/apt/$1"
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  echo "$2" >"$state/sources.list"
  opts=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o APT::Sandbox::User=root)
  apt-get "${opts[@]}" update -qq
}

fetch_suite() {
  private suite "deb-src [signed-by=$keyring] $(mirror) bookworm main"
  rm -rf "$dir/redis-suite.part"
  mkdir "$dir/redis-suite.part"
  (
    cd "$dir"
    apt-get "${opts[@]}" source -qq --download-only redis
    tar xzf redis_*.orig.tar.gz --strip-components=1 -C redis-suite.part
  )
  mv "$dir/redis-suite.part" "$dir/redis-suite"
}

fetch_next() {
  private next "deb [signed-by=$keyring] $(mirror) trixie main"
  mkdir -p "$dir/debs" "$dir/next" "$dir/bin"
  (
    cd "$dir/debs"
    apt-get "${opts[@]}" download -qq redis-server redis-tools valkey-server valkey-tools libc6 libjemalloc2 \
      liblua5.1-0 liblzf1 libssl3t64 libsystemd0 lua-cjson lua-bitop libhiredis1.1.0 libatomic1 libgcc-s1 \
      libstdc++6 libcap2 libzstd1
  )
  local deb lib loader pair
  for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$dir/next"; done
  lib="$dir/next/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)"
  loader=$(echo "$lib"/ld-linux-*.so.*)
  for pair in redis8:redis-server valkey8:valkey-server; do
    # Debian 13's programs need its libc, so they are started through its loader.
    printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$loader" "$lib" "$dir/next/usr/bin/${pair#*:}" \
      >"$dir/bin/${pair%%:*}"
    chmod +x "$dir/bin/${pair%%:*}"
  done
}

fetch_exporter() {
  local work="$dir/exporter"
  mkdir -p "$work" "$dir/bin"
  (cd "$work" && apt-get -o APT::Sandbox::User=root download -qq prometheus-redis-exporter && dpkg -x ./*.deb .)
  ln -sf "$work/usr/bin/prometheus-redis-exporter" "$dir/bin/redis_exporter"
}

if need_system; then install_system; fi
if [ ! -d "$dir/redis-suite" ]; then fetch_suite; fi
redis-server --version
echo "Redis's test suite: $dir/redis-suite"
if ! $suite_only; then
  if [ ! -x "$dir/bin/valkey8" ]; then fetch_next; fi
  if [ ! -x "$dir/bin/redis_exporter" ]; then fetch_exporter; fi
  "$dir/bin/redis8" --version
  "$dir/bin/valkey8" --version
fi
