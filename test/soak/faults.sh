#!/usr/bin/env bash
# faults.sh FIRN [STEP] - every allocation and every operation on the disk of the demo fails, once and
# from then on. Stops and goes on: the next point of each series is kept in build/faults/; remove
# that folder to begin anew. STEP > 1 takes every STEP-th point.
set -eu
cd "$(dirname "$0")/../.."
build=$(dirname "$1")
step=${2:-1}
cmake --build "$build" --target fault_test >/dev/null
mkdir -p build/faults
failed=0
for kind in disk disk-on memory memory-on; do
    for scenario in first over; do
        file=build/faults/$kind-$scenario-$step
        "$build/test/fault/fault_test" "$kind" "$scenario" "$(cat "$file" 2>/dev/null || echo 1)" "$step" "$file" || failed=1
    done
done
exit $failed
