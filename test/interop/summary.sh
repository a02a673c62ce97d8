#!/usr/bin/env bash
# Summaries on disk: rows, states, digests, gate and publication, judged by exact rationals.
exec "$FIRN_JUDGES" "$(dirname "$0")/summary.py" "$1"
