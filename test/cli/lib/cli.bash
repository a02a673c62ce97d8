# cli.bash - what tests of the program share. A test is `bash test/cli/NAME.sh path/to/firn`; it works in a
# folder of its own and fails at the first expectation that does not hold.
#
#     run CODE ARGUMENT...   firn with these arguments must exit with CODE; its output is in ./out and ./err
#     out_is TEXT            standard output is TEXT (a last line end is added)
#     out_has, err_has TEXT  it contains TEXT; out_not, err_not: it does not
#     err_is_empty
#     same_as FILE           standard output equals FILE beside the test; UPDATE=1 rewrites FILE
# shellcheck shell=bash
set -eu
firn=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in $(compgen -e | grep '^FIRN_' || true); do unset "$name"; done
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY 2>/dev/null || true
export TZ=America/New_York # the session's zone must not come from here

fail() {
    echo "$0: line ${BASH_LINENO[1]}: $1"
    echo "--- standard output"; head -n 60 "$work/out" || true
    echo "--- standard error"; head -n 30 "$work/err" || true
    exit 1
}

run() {
    local want=$1 code=0; shift
    "$firn" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
    [ "$code" = "$want" ] || fail "exit $code, not $want: firn $*"
}

out_is() { [ "$(cat "$work/out")" = "$1" ] || fail "standard output is not: $1"; }
out_has() { grep -qF -- "$1" "$work/out" || fail "standard output lacks: $1"; }
out_not() { ! grep -qF -- "$1" "$work/out" || fail "standard output has: $1"; }
err_has() { grep -qF -- "$1" "$work/err" || fail "standard error lacks: $1"; }
err_not() { ! grep -qF -- "$1" "$work/err" || fail "standard error has: $1"; }
err_is_empty() { [ ! -s "$work/err" ] || fail "standard error is not empty"; }

same_as() {
    if [ -n "${UPDATE:-}" ]; then cp "$work/out" "$here/$1"; fi
    diff -u "$here/$1" "$work/out" || fail "standard output is not $1"
}
