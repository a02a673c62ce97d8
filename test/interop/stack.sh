#!/usr/bin/env bash
# The stack itself: a second start finds what runs, what was stored is there after a stop, nothing outlives its owner.
set -eu
stack=$(dirname "$0")/../stack/stack
work=$(mktemp -d)
trap '"$stack" stop --dir "$work/s"; rm -rf "$work"' EXIT
"$stack" start minio --dir "$work/s"
first=$("$stack" status --dir "$work/s")
[[ $first = *"minio pid "*"nessie stopped"* ]]
"$stack" start minio --dir "$work/s"
[ "$("$stack" status --dir "$work/s")" = "$first" ]
[[ $("$stack" env --dir "$work/s") = *FIRN_S3_ENDPOINT=http://127.0.0.1:* ]]

touch "$work/s/minio/data/openlakes/kept"
"$stack" stop --dir "$work/s"
[[ $("$stack" status --dir "$work/s") != *" pid "* ]]
sleep 600 &
owner=$!
"$stack" start minio --dir "$work/s" --owner "$owner"
[ -e "$work/s/minio/data/openlakes/kept" ]
kill -KILL "$owner"
wait "$owner" 2>/dev/null || true
for _ in $(seq 300); do
    [ -e "$work/s/minio/pid" ] || break
    sleep 0.1
done
[[ $("$stack" status --dir "$work/s") != *" pid "* ]]

# A pid that another process has now is left alone.
sleep 600 &
other=$!
echo "$other 1" >"$work/s/minio/pid"
"$stack" stop minio --dir "$work/s"
kill -0 "$other" && kill "$other"

# What a machine cannot have is one line and exit code 77, and is asked for once.
mkdir "$work/bin"
printf '#!/bin/sh\necho asked >>"%s/asked"\nexit 1\n' "$work" >"$work/bin/go"
chmod +x "$work/bin/go"
for _ in 1 2; do
    code=0
    PATH=$work/bin:$PATH FIRN_CACHE=$work/none "$stack" start minio --dir "$work/t" 2>"$work/why" || code=$?
    [ "$code" = 77 ] && [ "$(tail -n 1 "$work/why")" = "stack: MinIO cannot be built" ]
done
[ "$(cat "$work/asked")" = asked ]
echo ok
