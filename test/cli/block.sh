#!/usr/bin/env bash
# block.sh - BEGIN ... COMMIT: what is shown, what is kept, what others see; the last object of --format json.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
run 0 run -q -c "CREATE SCHEMA demo; CREATE TABLE demo.t AS SELECT 1 AS a"

rows() { # table rows, as others see them
    local got; got=$("$firn" run -q -f csv -c "SELECT count(*) AS n FROM $1" | tail -1)
    [ "$got" = "$2" ] || fail "$1 has $got rows, not $2"
}
files() { find warehouse -name '*.parquet' | wc -l; }

# output is held back until COMMIT
cat >commit.sql <<'END'
\echo before
BEGIN;
INSERT INTO demo.t VALUES (2);
SELECT count(*) AS inside FROM demo.t;
\echo still inside
COMMIT;
\echo after
END
run 0 run -q -f csv commit.sql
out_is 'before
inside
2
still inside
after'
rows demo.t 2

# a block that fails shows nothing of itself and leaves nothing
before=$(files)
cat >fail.sql <<'END'
\echo before
BEGIN;
INSERT INTO demo.t VALUES (3);
CREATE TABLE demo.u AS SELECT 1 AS a;
SELECT count(*) AS inside FROM demo.t;
SELECT nope FROM demo.t;
COMMIT;
END
run 1 run -q -f csv fail.sql
out_is 'before'
err_has 'firn: fail.sql:6: column "nope" does not exist'
rows demo.t 2
run 1 run -q -c "SELECT * FROM demo.u"
[ "$(files)" = "$before" ] || fail "data files of the failed block are left"

# an assertion: exit code 3
run 3 run -q -c "BEGIN; DELETE FROM demo.t; SELECT assert(count(*) > 0, 'no rows left, ' || count(*) || ' of 2') FROM demo.t; COMMIT"
err_has 'no rows left, 0 of 2'
rows demo.t 2
run 3 run -q -c "SELECT assert(NULL, 'NULL is no success')"

# ROLLBACK, and what a block may hold
run 0 run -q -f csv -c "BEGIN; DELETE FROM demo.t; SELECT count(*) AS n FROM demo.t; ROLLBACK; SELECT count(*) AS n FROM demo.t"
out_is 'n
0
n
2'
[ "$(files)" = "$before" ] || fail "data files of the rolled back block are left"
run 0 run -q -c "BEGIN; CREATE SCHEMA s2; CREATE TABLE s2.x AS SELECT 1 AS a; DROP TABLE s2.x; COMMIT; DROP SCHEMA s2"
run 0 run -q -f csv -c "SET search_path = 'demo'; BEGIN; SET search_path = 'nowhere'; ROLLBACK; SHOW search_path"
out_is 'search_path
demo'
run 0 run -c "COMMIT"
err_has 'there is no transaction in progress'

# a script that ends inside BEGIN
run 1 run -q -f csv -c "BEGIN; INSERT INTO demo.t VALUES (9); SELECT 1 AS a"
out_is ''
err_has 'the script ended inside BEGIN; nothing of the block was published'
rows demo.t 2

# a block over several files of one run
printf 'BEGIN;\nINSERT INTO demo.t VALUES (4);\n' >first.sql
printf 'INSERT INTO demo.t VALUES (5);\nCOMMIT;\n' >second.sql
run 0 run -q first.sql second.sql
rows demo.t 4

# two tables in one step: one publish, two snapshots, JSON names both
run 0 run -f json -c "BEGIN; CREATE TABLE demo.a AS SELECT 1 AS x; CREATE TABLE demo.b AS SELECT * FROM sample_sales(); COMMIT; SELECT count(*) AS n FROM demo.b"
python3 - <<'END'
import json
*rows, last = map(json.loads, open("out"))
assert rows == [{"n": 999}], rows
assert last["outcome"] == "done" and last["exit_code"] == 0 and last["mode"] is None, last
assert [s["table"] for s in last["snapshots"]] == ["demo.a", "demo.b"], last
assert all(s["snapshot_id"] > 0 for s in last["snapshots"])
assert last["rows_written"] == 1000 and last["bytes_written"] > 1000, last
assert last["rows_read"] == 999 or last["files_read"] == 0, last
END

# JSON says how a failure ended, too
json_failure() { # code, sqlstate, message
    python3 - "$@" <<'END' || fail "the last object is another"
import json, sys
last = json.loads(open("out").read().splitlines()[-1])
code, state, message = sys.argv[1:]
assert last["outcome"] == "failed" and last["exit_code"] == int(code), last
assert (last["sqlstate"] or "") == state and message in last["message"], last
assert last["snapshots"] == [] or code == "0", last
END
}
run 1 run -f json -c "SELECT nope FROM demo.t"
json_failure 1 42703 'column "nope" does not exist'
run 3 run -f json -c "SELECT assert(false, 'said \"no\"')"
json_failure 3 P0004 'said "no"'
run 2 run -f json nowhere.sql
json_failure 2 "" 'nowhere.sql cannot be read'
run 2 run -f json -c "\\foo"
json_failure 2 "" '\foo is not a command here'
run 2 run -f json --config nowhere.yaml -c "SELECT 1"
json_failure 2 F0000 'nowhere.yaml'
run 1 run -f json -c "BEGIN; INSERT INTO demo.t VALUES (1); SELECT 1 AS a"
json_failure 1 25000 'ended inside BEGIN'
[ "$(wc -l <out)" = 1 ] || fail "held back rows were shown"

# a large result is not held in memory
run 0 run -q -f csv --memory 64MiB -c "SELECT * FROM sample_sales(days => 1000, rows_per_day => 300)"
[ "$(wc -l <out)" = 300001 ] || fail "$(wc -l <out) lines"

# one that is interrupted leaves nothing
before=$(files)
"$firn" run -q -c "INSERT INTO demo.b SELECT * FROM sample_sales(days => 200000)" >out 2>err &
sleep 0.5; kill -TERM $!; code=0; wait $! || code=$?
[ "$code" = 1 ] || fail "exit $code, not 1, after SIGTERM"
err_has 'cancel'
[ "$(files)" = "$before" ] || fail "data files of the interrupted statement are left"
rows demo.b 999
