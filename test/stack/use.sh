# use.sh - sourced by a test: the named servers run and their exports are set, or the test is skipped (77).
#
#     . "$(dirname "$0")/../stack/use.sh" minio nessie
#
# In a run of all tests FIRN_STACK names the one stack that all of them share, so a test keeps to names of its own
# in it. A test that runs alone starts its own, which its watchdog ends when the test is over.
# shellcheck shell=bash
firn_stack=${BASH_SOURCE[0]%/*}/stack
if [ -z "${FIRN_STACK:-}" ]; then
    FIRN_STACK=$(mktemp -d "${TMPDIR:-/tmp}/firn-stack.XXXXXX")
    trap '"$firn_stack" stop --dir "$FIRN_STACK"; rm -rf "$FIRN_STACK"' EXIT
fi
"$firn_stack" start "$@" --dir "$FIRN_STACK" --owner "${FIRN_STACK_OWNER:-$$}" || exit
eval "$("$firn_stack" env --dir "$FIRN_STACK")"
