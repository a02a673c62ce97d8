#!/usr/bin/env bash
# script.sh - scripts as psql runs them: variables, branches, \gset, \i, places of errors.
. "$(dirname "$0")/lib/cli.bash"

# variables: -v, \set over it, quoting, tests
cat >vars.sql <<'END'
\echo :x :{?x} :{?y} :y
\set x two words
\echo :x
\set x 'it''s'
SELECT :'x' AS v, :{?x} AS known, 1 AS :"col";
\unset x
\echo :x :{?x}
\set q 'SELECT :n; SELECT :n + 1;'
\set n 41
:q
\set
END
run 0 run -q -f csv vars.sql -v x=one -v col='a "b" c'
out_is 'one TRUE FALSE :y
twowords
v,known,"a ""b"" c"
it'"'"'s,t,1
:x FALSE
?column?
41
?column?
42
FILES_READ = '"'0'"'
ROWS_READ = '"'0'"'
ROW_COUNT = '"'1'"'
col = '"'a \"b\" c'"'
n = '"'41'"'
q = '"'SELECT :n; SELECT :n + 1;'"''

# Papermill's True and False, and a branch for each; the last -v wins, as the last \set does
cat >if.sql <<'END'
\if :enable_validation
\echo validated
\else
\echo skipped
\endif
SELECT 1 AS a
\if :more
, 2 AS b
\endif
;
END
run 0 run -q -f csv if.sql -v enable_validation=True -v more=False
out_is 'validated
a
1'
run 0 run -q -f csv if.sql -v enable_validation=True -v enable_validation=False -v more=true
out_is 'skipped
a,b
1,2'
run 2 run -q if.sql -v enable_validation=maybe
err_has 'firn: if.sql:1: \if needs true or false, not "maybe"'
run 2 run -q if.sql
err_has 'firn: if.sql:1: \if needs true or false, not ":enable_validation"'

# \gset: one row, a prefix, NULL unsets; \echo -n; ROW_COUNT
cat >gset.sql <<'END'
\set p_c before
SELECT 7 AS a, 'x y' AS b, NULL AS c, true AS d \gset p_
\echo -n :p_a '|' :p_b '|' :{?p_c} '|' :p_d
\echo
SELECT * FROM (VALUES (1), (2), (3)) AS t(a) WHERE a > 1;
\echo :ROW_COUNT rows
END
run 0 run -q -f csv gset.sql
out_is '7 | x y | FALSE | t
a
2
3
2 rows'
run 1 run -q -c "SELECT 1 AS a WHERE false \gset"
err_has 'firn: no row returned for \gset'
run 1 run -q -c "SELECT * FROM (VALUES (1), (2)) AS t(a) \gset"
err_has 'firn: more than one row returned for \gset'
run 2 run -q -c 'SELECT 1 AS "a b" \gset'
err_has 'invalid variable name: "a b"'

# files inside files: \i from the working folder, \ir from the script's; \q ends one script only
mkdir -p parts/deep
printf '\\echo outer\n\\i parts/inner.sql\n\\echo outer again\n\\q\n\\echo never\n' >outer.sql
printf '\\echo inner\n\\ir deep/leaf.sql\n\\if true\n\\q\n\\endif\n\\echo never\n' >parts/inner.sql
printf '\\echo leaf\n\\set from_leaf yes' >parts/deep/leaf.sql
printf '\\echo last :from_leaf\n' >last.sql
run 0 run outer.sql last.sql
out_is 'outer
inner
leaf
outer again
last yes'
err_is_empty
printf '\\echo a\n\n  \\i nowhere.sql\n' >bad.sql
run 2 run bad.sql
err_has 'firn: bad.sql:3: script nowhere.sql cannot be read: No such file or directory'
printf '\\i loop.sql\n' >loop.sql
run 2 run loop.sql
err_has 'firn: loop.sql:1: more than 16 scripts inside each other'
run 2 run nowhere.sql
err_has 'firn: script nowhere.sql cannot be read: No such file or directory'
run 2 run parts
err_has 'Is a directory'
printf 'SELECT 1;\0' >nul.sql
run 2 run nul.sql
err_has 'not valid UTF-8'
printf 'SELECT \xff;' >latin.sql
run 2 run latin.sql
err_has 'not valid UTF-8'

# standard input
printf 'SELECT 1 AS a;\nSELECT broken FROM' >in.sql
code=0; "$firn" run -q -f csv - <in.sql >out 2>err || code=$?
[ "$code" = 1 ] || fail "exit $code, not 1"
out_is 'a
1'
err_has 'firn: <stdin>:2: syntax error'

# files of Windows
printf '\xef\xbb\xbf\\set n x\r\nSELECT :'"'n'"' AS v;\r\n\\echo [:n]\r\n' >windows.sql
run 0 run -q -f csv windows.sql
out_is 'v
x
[x]'

# a mistake: the statement's line in the script, the line and place in the statement, the SQLSTATE, what may be meant
cat >typo.sql <<'END'
-- a comment
SELECT 1;

/* another */
SELECT product_id,
       sum(amont) AS total
FROM sample_sales() GROUP BY 1;
END
run 1 run -q typo.sql
[ "$(cat err)" = 'firn: typo.sql:5: column "amont" does not exist
  Perhaps you meant the column "amount".
LINE 2:        sum(amont) AS total
                   ^
SQLSTATE 42703' ] || fail "the message is another"
run 1 run -q -c "SELECT 1 +* 2"
err_has 'LINE 1: SELECT 1 +* 2'
err_has 'SQLSTATE 42'
run 1 run -q -c "SELEC 1"
[ "$(cat err)" = 'firn: syntax error at or near "SELEC"
LINE 1: SELEC 1
        ^
SQLSTATE 42601' ] || fail "the message is another"
# a place far right in a long line, behind letters of several bytes and columns
run 1 run -q -c "SELECT 'äöü äöü äöü äöü äöü äöü äöü äöü äöü äöü äöü', 'äöü äöü äöü äöü äöü äöü äöü äöü äöü', nope, 'and so on, and so on, and so on' FROM sample_sales()"
[ "$(cat err)" = "firn: column \"nope\" does not exist
LINE 1: ...äöü äöü äöü äöü äöü äöü äöü', nope, 'and so on, and so on, a...
                                         ^
SQLSTATE 42703" ] || fail "the message is another"
# the first error ends the run
run 1 run -q -f csv -c "SELECT 1 AS a" -c "SELECT nope" -c "SELECT 2 AS a"
out_is 'a
1'

# meta-commands: unknown, misplaced, wrong
check() { # text, message
    printf '%b' "$1" >m.sql
    run 2 run -q m.sql
    err_has "firn: m.sql:$2"
}
check 'SELECT 1;\n\\d\n' '2: \d is not a command here; there are \set'
check '\n\\gset\n' '2: \gset ends a statement, and there is none'
check 'SELECT 1\n\\echo x\n' '2: \echo in the middle of a statement'
check '\\x maybe\n' '1: \x takes on, auto or off, not "maybe"'
check '\\timing 7\n' '1: \timing takes on or off, not "7"'
check '\\set a `date`\n' '1: backquotes run nothing in firn'
check "\\\\echo 'open\n" '1: unterminated quoted string'
check '\\unset\n' '1: \unset needs one name'
check '\\set a-b 1\n' '1: invalid variable name: "a-b"'
check '\\if true\nSELECT 1;\n' '1: \if without \endif'
check '\\endif\n' '1: \endif without \if'

# \timing and \warn speak on standard error; ON_ERROR_STOP off is no way to go on
run 0 run -f csv -c '\timing on' -c 'SELECT 1 AS a' -c "\\warn -n careful" -c '\warn !'
err_has 'Time: '
err_has 'careful!'
out_is 'a
1'
run 0 run -c '\set ON_ERROR_STOP on'
err_is_empty
run 0 run -c '\set ON_ERROR_STOP off'
err_has '\set ON_ERROR_STOP off changes nothing: a run stops at its first error'
run 0 run -q -c '\set AUTOCOMMIT off'
err_is_empty

# bounds
python3 - <<'END'
open("long.sql", "w").write("SELECT '" + "x" * 1100000 + "';")
open("deep.sql", "w").write("SELECT " + "(" * 30000 + "1" + ")" * 30000 + ";")
open("wide.sql", "w").write("SELECT 1" + " + 1" * 20001 + ";")
END
for f in long deep wide; do
    run 4 run -q "$f.sql"
    err_has "firn: $f.sql:1:"
done
