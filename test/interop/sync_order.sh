#!/usr/bin/env bash
exec "$FIRN_JUDGES" "$(dirname "$0")/sync_order.py" "$1"
