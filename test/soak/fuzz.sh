#!/usr/bin/env bash
# fuzz.sh - every fuzz target with libFuzzer, under the address and undefined behaviour sanitizers.
#
#     FIRN_FUZZ_SECONDS=600   for each target
#     FIRN_FUZZ_RUNS=N        inputs for each target instead, from the committed corpora and a fixed seed
#     FIRN_FUZZ_JOBS=2        targets at once (as many as there are cores)
#     FIRN_FUZZ_ONLY=NAME     one target only
#
# A target that has finished today, with this program, is not run again, so a broken-off soak goes on where it was.
# Inputs found on the way stay in build/fuzz/found/NAME/corpus and are built upon; what fails lies beside, as
# crash-*, oom-*, timeout-*, leak-*. No input is longer than 64 KiB, so one allocation over 256 MB, a gigabyte in all or
# ten seconds are findings too.
set -u
cd "$(dirname "$0")/../.."
seconds=${FIRN_FUZZ_SECONDS:-600} jobs=${FIRN_FUZZ_JOBS:-$(nproc)} today=$(date +%F)
programs=$PWD/build/fuzz/test/fuzz
found=$PWD/build/fuzz/found
limit=(-max_total_time="$seconds") label="$seconds s"
if [ -n "${FIRN_FUZZ_RUNS:-}" ]; then
    label="seed 1" found=$PWD/build/fuzz/sample
    limit=(-runs="$FIRN_FUZZ_RUNS" -seed=1)
    rm -rf "$found"
fi
command -v ccache >/dev/null && export CMAKE_C_COMPILER_LAUNCHER=ccache
cmake --preset fuzz >/dev/null && cmake --build build/fuzz -j"$(nproc)" >/dev/null || { echo "the fuzz preset does not build"; exit 1; }
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

one() { # target: its line goes to found/NAME/line
    local name=$1 own=$found/$1 dict=
    mkdir -p "$own/corpus"
    rm -f "$own/line"
    [ -e "test/fuzz/$name.dict" ] && dict=-dict=test/fuzz/$name.dict
    "$programs/$name" "${limit[@]}" -max_len=65536 -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 \
        -print_final_stats=1 -artifact_prefix="$own/" $dict "$own/corpus" "test/fuzz/corpus/$name" >"$own/log" 2>&1
    local code=$? runs edges
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$own/log")
    edges=$(grep -oE 'cov: [0-9]+' "$own/log" | tail -n 1 | cut -d' ' -f2)
    printf '%-24s %10s %12s runs %7s edges %3s findings\n' "$name" "$label" "${runs:-?}" "${edges:-?}" \
        "$(findings "$own" | wc -l)" >"$own/line"
    if [ "$code" = 0 ]; then echo "$today $seconds" >"$own/finished"; else echo "$name" >>"$found/failed"; fi
    cat "$own/line"
}

findings() { find "$1" -maxdepth 1 \( -name 'crash-*' -o -name 'oom-*' -o -name 'timeout-*' -o -name 'leak-*' \); }

is_finished() { # target
    local mark=$found/$1/finished
    [ "$(cat "$mark" 2>/dev/null)" = "$today $seconds" ] && [ "$mark" -nt "$programs/$1" ]
}

rm -f "$found/failed"
targets=$(sed -n 's/^firn_fuzz(\([a-z0-9_]*\).*/\1/p' test/fuzz/CMakeLists.txt)
for name in ${FIRN_FUZZ_ONLY:-$targets}; do
    if is_finished "$name"; then
        echo "finished today: $(cat "$found/$name/line")"
        continue
    fi
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    one "$name" &
done
wait

[ ! -e "$found/failed" ] || echo "ended badly: $(tr '\n' ' ' <"$found/failed")"
bad=$(for d in "$found"/*/; do findings "$d"; done)
[ -z "$bad" ] && [ ! -e "$found/failed" ] && exit 0
echo "findings, each replayed by $programs/NAME FILE:"
echo "$bad"
exit 1
