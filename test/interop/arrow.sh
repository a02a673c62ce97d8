#!/usr/bin/env bash
# pyarrow reads what firn hands out, and firn what pyarrow hands out.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$FIRN_JUDGES" "$(dirname "$0")/arrow_judge.py" "$(dirname "$1")/test/interop/libarrow_tool.so" "$work"
