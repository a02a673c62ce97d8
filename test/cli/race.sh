#!/usr/bin/env bash
# race.sh - a block whose COMMIT loses to somebody else runs again from BEGIN, with its variables and its output as they
# were then; at most ten times. A named pipe holds the block open while the other one commits.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
run 0 run -q -c "CREATE SCHEMA demo; CREATE TABLE demo.t AS SELECT 1 AS a"
mkfifo gate
cat >block.sql <<'END'
\set x a
\echo start
BEGIN;
\set x :x b
SELECT count(*) AS n FROM demo.t \gset
\echo :n rows before
\i gate
DELETE FROM demo.t WHERE a = 1;
SELECT count(*) AS left_over FROM demo.t;
COMMIT;
\echo :x
END

# Waits for the block, lets somebody else commit $1 (nothing if empty), lets the block go on. The pipe is a new one each
# time, so that two tries never read the same.
pass() {
    exec 3>gate
    rm gate; mkfifo gate
    [ -z "$1" ] || "$firn" run -q -c "$1"
    echo '\echo let through' >&3
    exec 3>&-
}

ended() { # code
    local code=0; wait "$block" || code=$?
    [ "$code" = "$1" ] || fail "exit $code, not $1"
}

"$firn" run -f csv block.sql >out 2>err & block=$!
pass "INSERT INTO demo.t VALUES (100)"
pass "INSERT INTO demo.t VALUES (100)"
pass ""
ended 0
out_is 'start
3 rows before
let through
left_over
2
ab'
err_has 'running the block again (1 of 10)'
err_has 'running the block again (2 of 10)'
err_not '(3 of 10)'

# appends conflict with nothing, unless the block read the table
grep -v '^SELECT\|rows before' block.sql | sed 's/^DELETE.*/INSERT INTO demo.t VALUES (7);/' >append.sql
"$firn" run -f csv append.sql >out 2>err & block=$!
pass "INSERT INTO demo.t VALUES (100)"
ended 0
err_not 'running the block again'
run 0 run -q -f csv -c "SELECT count(*) FILTER (WHERE a = 7) AS mine, count(*) AS n FROM demo.t"
out_is 'mine,n
1,4'

# after ten tries: exit code 5, nothing shown, nothing changed
sed 's/a = 1/a = 7/' block.sql >never.sql
"$firn" run -f csv never.sql >out 2>err & block=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11; do pass "INSERT INTO demo.t VALUES (100)"; done
ended 5
out_is 'start'
err_has 'running the block again (10 of 10)'
err_has 'firn: never.sql:10: table "demo.t" was changed since this transaction began'
err_has 'SQLSTATE 40001'
run 0 run -q -f csv -c "SELECT count(*) FILTER (WHERE a = 7) AS mine, count(*) AS n FROM demo.t"
out_is 'mine,n
1,15'

# snapshots are expired while the block is open: the file that its INSERT wants is gone, and so is its table's old state
expired() { # lets somebody else commit, then deletes the manifest list that was the newest before
    old=$(ls -t warehouse/demo/t*/metadata/snap-*.avro | head -n 1)
    "$firn" run -q -c "INSERT INTO demo.t VALUES (100)"
    rm "$old"
}
run 0 run -q -c "CREATE TABLE demo.u AS SELECT 1 AS a"
sed '/^SELECT count(\*) AS n/s/demo.t/demo.u/; s/^DELETE.*/INSERT INTO demo.t VALUES (8);/; /left_over/d' block.sql >expired.sql
"$firn" run -f csv expired.sql >out 2>err & block=$!
exec 3>gate
rm gate; mkfifo gate
expired
exec 3>&-
while kill -0 "$block" 2>/dev/null && ! grep -q 'running the block again' err; do sleep 0.05; done
err_has 'files that it had then are gone'
err_has 'running the block again (1 of 10)'
pass ""
ended 0
err_not '(2 of 10)'
run 0 run -q -f csv -c "SELECT count(*) FILTER (WHERE a = 8) AS mine, count(*) AS n FROM demo.t"
out_is 'mine,n
1,17'

# a file that is missing though nobody has changed the table is no race
rm "$(ls -t warehouse/demo/t*/metadata/snap-*.avro | head -n 1)"
run 1 run -q -c "INSERT INTO demo.t VALUES (9)"
err_has '58P01'
