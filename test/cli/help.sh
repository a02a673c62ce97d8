#!/usr/bin/env bash
# help.sh - what the program, its man page and docs/user/options.md say is what src/options.def and
# src/cli/commands.def say, row by row.
. "$(dirname "$0")/lib/cli.bash"
top=$here/../..
commands=$top/src/cli/commands.def options=$top/src/options.def

python3 "$top/tools/gen_options.py" --check >out || fail "generated files are not current"

run 0 --help
cp out program
run 0 help
cmp -s out program || fail "firn help and firn --help differ"
run 2
cmp -s out program || fail "firn alone and firn --help differ"

man=$(man -l "$top/docs/firn.1" 2>/dev/null | col -b | tr -s ' \n' ' ' || true)
plain() { tr -s ' \n' ' ' <"$1"; }

# Every place that must name a row's words.
everywhere() { # text, short form for the man page
    grep -qF -- "$1" program || fail "firn --help lacks: $1"
    grep -qF -- "$1" "$top/docs/user/options.md" || fail "options.md lacks: $1"
    if [ -n "$man" ]; then # lines are filled and words hyphenated there: the name must do
        case $man in *"$2"*) ;; *) fail "the man page lacks: $2" ;; esac
    fi
}

rows=0
while IFS=$'\t' read -r kind name help takes; do
    rows=$((rows + 1))
    everywhere "$help" "$name"
    case $kind in
    CMD)
        run 0 help "$name"
        out_has "usage: firn $name"
        out_has "$help"
        cp out "help_$name"
        run 0 "$name" --help
        cmp -s out "help_$name" || fail "firn help $name and firn $name --help differ"
        ;;
    FLAG)
        for command in demo init run refresh plan version help; do
            run 0 help "$command"
            if [ "$takes" = all ] || [[ " $takes " == *" $command "* ]]; then out_has "--$name"
            else
                out_not "--$name "
                case $name in variable) value=a=1 ;; format) value=csv ;; rows | command) value=1 ;; *) value= ;; esac
                run 2 "$command" "--$name" $value x
                err_has "$command takes no option --$name"
            fi
        done
        ;;
    OPT)
        for command in demo run refresh plan; do
            grep -qF -- "--$name " "help_$command" || fail "help $command lacks --$name"
        done
        ! grep -qF -- "--$name " help_init || fail "help init has --$name"
        run 2 init "--$name" x
        err_has "init takes no option --$name"
        ;;
    esac
done < <(python3 - "$commands" "$options" <<'PY'
import re, sys
for path in sys.argv[1:]:
    for line in open(path):
        m = re.match(r'CMD\((\w+), .*, (?:true|false), "(.*)"\)$', line)
        if m: print("CMD", m[1], m[2], "-", sep="\t")
        m = re.match(r'''FLAG\((?:0|'\w'), "(\w+)", "[^"]*", "([^"]*)", "(.*)"\)$''', line)
        if m: print("FLAG", m[1], m[3], m[2] or "all", sep="\t")
        m = re.match(r'OPT\((\w+), .*, OPT_\w+, "(.*)"\)$', line)
        if m: print("OPT", m[1].replace("_", "-"), m[2], "-", sep="\t")
PY
)
[ "$rows" -ge 25 ] || fail "only $rows rows were found in the tables"

run 2 help nosuch
err_has 'unknown command "nosuch"'
run 2 runn x.sql
err_has 'unknown command "runn"; perhaps you meant "run"'
run 2 run --memroy 1GiB x.sql
err_has 'unknown option "--memroy"; perhaps you meant "--memory"'
run 2 run -z
err_has 'unknown option "-z"'
run 2 run --quiet=yes x.sql
err_has 'no value is taken by --quiet=yes'
run 2 run -c
err_has 'a value is missing behind -c'
run 2 run
err_has 'run needs a script or -c'
run 2 run -v x -c 'SELECT 1'
err_has '-v takes NAME=VALUE, not x'
run 2 run -v a-b=1 -c 'SELECT 1'
err_has 'invalid variable name: "a-b"'
run 2 run --format xml -c 'SELECT 1'
err_has 'unknown format "xml"; there are aligned, csv, json, markdown and arrow'
run 2 refresh
err_has 'usage: firn refresh NAME'
run 2 init a b
err_has 'usage: firn init [DIR]'
run 0 --version
out_is "firn $(sed -n 's/^project(firn VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")"
cp out version
run 0 version
cmp -s out version || fail "firn version and firn --version differ"
