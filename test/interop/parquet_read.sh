#!/usr/bin/env bash
# firn's Parquet reader reads a matrix of files by pyarrow, DuckDB and Polars, cell by cell.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$FIRN_JUDGES" "$(dirname "$0")/parquet_make.py" "$work" 1500
"$FIRN_JUDGES" "$(dirname "$0")/parquet_read_judge.py" "$(dirname "$1")/test/interop/parquet_read_tool" "$work"
