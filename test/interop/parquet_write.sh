#!/usr/bin/env bash
# pyarrow, DuckDB and Polars read every type that firn's Parquet writer writes.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$FIRN_JUDGES" "$(dirname "$0")/parquet_judge.py" "$(dirname "$1")/test/interop/parquet_write_tool" "$work/files" 3000
