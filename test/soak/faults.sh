#!/usr/bin/env bash
# faults.sh FIRN [STEP] - every allocation and every operation on the disk of the demo and of verify fails, once and from then on; then
# a sample of all series under AddressSanitizer, with its leaks. Two processes share each series, odd and even points.
# Stops and goes on: the next point of each is kept in build/faults/, and so is what was found; remove that folder to
# begin anew. STEP > 1 takes every STEP-th point.
set -eu
cd "$(dirname "$0")/../.."
build=$(dirname "$1")
step=${2:-1}
workers=2
asan_points=150
kept=build/faults/step-$step
mkdir -p "$kept"
cmake --build "$build" --target fault_test >/dev/null

# One worker's share of every series. A failed point is in its log; the series goes on.
worker() { # number from 1
    local kind scenario file
    for kind in disk disk-on memory memory-on; do
        for scenario in first over verify; do
            file=$kept/next-$kind-$scenario-$1
            [ -e "$file" ] || echo $((($1 - 1) * step + 1)) >"$file"
            "$build/test/fault/fault_test" "$kind" "$scenario" "$(cat "$file")" $((workers * step)) "$file" || true
        done
    done | tee -a "$kept/log-$1"
}

started=$SECONDS pids=()
for ((i = 1; i <= workers; i++)); do
    worker "$i" &
    pids+=($!)
done
wait "${pids[@]}"
sanitized=0
cmake --preset asan >/dev/null
cmake --build build/asan --target fault_test >/dev/null
build/asan/test/fault/fault_test quick 1 $asan_points | tee "$kept/log-asan" || sanitized=1
grep -q ' 0 failed' "$kept/log-asan" || sanitized=1

points=0
for ((i = 1; i <= workers; i++)); do
    for file in "$kept"/next-*-"$i"; do
        points=$((points + ($(cat "$file") - 1) / (workers * step)))
    done
done
failed=$(cat "$kept"/log-[0-9]* | grep -cE ': exit -?[0-9]+, signal ' || true)
echo "faults: $points points, $failed failed; $(tail -n 1 "$kept/log-asan") under asan; $((SECONDS - started)) s of this run"
[ "$failed" = 0 ] && [ "$sanitized" = 0 ]
