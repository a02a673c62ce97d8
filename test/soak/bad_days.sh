#!/usr/bin/env bash
# bad_days.sh FIRN [SEED] - 1,000 runs of the seed job on bad days, which it mostly spends waiting: so by six workers.
# Stops and goes on: what is done is kept in build/bad_days; remove that folder to begin anew. With FIRN_SOAK_SECONDS
# it stops by itself, with exit code 75.
workers=6
kept=$(dirname "$0")/../../build/bad_days
mkdir -p "$kept"
seed=${2:-$(cat "$kept/seed" 2>/dev/null || echo $RANDOM$RANDOM)}
echo "$seed" >"$kept/seed"
. "$(dirname "$0")/../stack/use.sh" minio nessie rest
pids=() worst=0
for ((i = 1; i <= workers; i++)); do
    "$FIRN_JUDGES" "$(dirname "$0")/../interop/bad_days.py" "$1" 1000 "$seed" "$kept/worker-$i" $i $workers >>"$kept/log-$i" 2>&1 &
    pids+=($!)
done
for i in "${!pids[@]}"; do
    wait "${pids[i]}" && code=0 || code=$?
    [ "$code" = 0 ] || [ "$code" = 75 ] || tail -n 25 "$kept/log-$((i + 1))"
    [ "$code" = 0 ] || [ "$worst" = 1 ] || worst=$code
done
"$FIRN_JUDGES" - "$seed" "$kept"/worker-* <<'END'
import collections, json, sys
count = collections.Counter()
for path in sys.argv[2:]:
    with open(path) as f:
        count.update(json.load(f)["count"])
print(f"seed {sys.argv[1]}: " + ", ".join(f"{n} {what}" for what, n in sorted(count.items())))
END
exit "$worst"
