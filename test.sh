#!/usr/bin/env bash
# Installs what the tests need (as root on Debian), builds, runs every test project, and ends with "N passed, N failed".
# WMPROXY_TEST_CONFIGURATION: Release (default) or Debug.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
exec < /dev/null

configuration=${WMPROXY_TEST_CONFIGURATION:-Release}
log=$PWD/artifacts/test.log
mkdir -p artifacts

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false TESTINGPLATFORM_TELEMETRY_OPTOUT=1
# No process of the build may outlive this script: a caller that waits for the end of our output would wait for it.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
if [ ! -w "${HOME:-/nonexistent}" ]; then
  export HOME=$PWD/artifacts/home
  mkdir -p "$HOME"
fi

fail() {
  echo "test.sh: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

# --- tools ---------------------------------------------------------------------------------------------------------------------------
missing=()
need() { # need PROGRAM PACKAGE
  command -v "$1" > /dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" > /dev/null || missing+=("$2")
}
need curl curl
need openssl openssl
need redis-server redis-server
need redis-cli redis-tools
need redis-benchmark redis-tools
need postgres postgresql
need initdb postgresql
need psql postgresql-client
need nginx nginx
need socat socat
need ncat ncat
need wget wget
need git git
need ssh openssh-client
need sshd openssh-server
need proxychains4 proxychains4
need chromium chromium
need dnsmasq dnsmasq-base
need dnsperf dnsperf
need iperf3 iperf3
need sipp sip-tester

install_packages() {
  local policy=/usr/sbin/policy-rc.d made=
  # Debian starts a service when its package is installed; the tests run their own on free ports.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod +x "$policy" && made=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  local result=$?
  [ -n "$made" ] && rm -f "$policy"
  return $result
}

if [ ${#missing[@]} -gt 0 ]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "Installing ${missing[*]}"
    install_packages "${missing[@]}" > artifacts/apt.log 2>&1 ||
      { tail -n 20 artifacts/apt.log >&2; echo "test.sh: could not install ${missing[*]}" >&2; }
  else
    echo "Not installed, tests that need them are skipped (with CI=true they fail): ${missing[*]}"
  fi
fi
command -v dotnet > /dev/null || fail "the .NET 10 SDK is not installed: https://dotnet.microsoft.com/download"

# --- build ---------------------------------------------------------------------------------------------------------------------------
# The second try is for a registry that did not answer.
dotnet restore WmProxy.sln -v quiet || dotnet restore WmProxy.sln || fail "restore failed"
dotnet build WmProxy.sln -c "$configuration" --no-restore -v quiet --disable-build-servers || fail "build failed"

# --- test ----------------------------------------------------------------------------------------------------------------------------
# One project at a time: the end-to-end tests start real servers and would measure the other projects' load.
timeout --kill-after=15 1500 \
  dotnet test --solution WmProxy.sln -c "$configuration" --no-build --no-progress --max-parallel-test-modules 1 2>&1 | tee "$log"
result=${PIPESTATUS[0]}
[ $result = 124 ] && echo "test.sh: stopped after 25 minutes" >&2

# The summary at the end of the runner's output counts all projects together.
count() { grep -aE "^ *$1: *[0-9]+" "$log" | tail -n 1 | grep -oE '[0-9]+' | head -n 1; }
passed=$(count succeeded)
failed=$(count failed)
skipped=$(count skipped)
passed=${passed:-0} failed=${failed:-0} skipped=${skipped:-0}
if [ "$failed" = 0 ] && { [ $result != 0 ] || [ "$passed" = 0 ]; }; then
  # A project that crashed, had no tests or was cut off is a failure that no test reports.
  echo "test.sh: the run failed (exit code $result)" >&2
  failed=1
fi

if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
