#!/usr/bin/env bash
# Side-by-side run of the L4 relays: builds what is needed, then measures. See ../README.md, or --help.
set -euo pipefail
exec python3 "$(dirname "$0")/run.py" "$@"
