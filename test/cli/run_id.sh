#!/usr/bin/env bash
# run_id.sh - a run that is repeated under its --run-id skips what it committed before.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
run 0 run -q -c "CREATE SCHEMA demo; CREATE TABLE demo.t (a int); CREATE TABLE demo.u (a int)"
count() { # table rows
    local got; got=$("$firn" run -q -f csv -c "SELECT count(*) AS n FROM $1" | tail -1)
    [ "$got" = "$2" ] || fail "$1 has $got rows, not $2"
}
cat >load.sql <<'END'
INSERT INTO demo.t VALUES (:n);
BEGIN;
INSERT INTO demo.t VALUES (2);
INSERT INTO demo.u VALUES (3);
COMMIT;
\if :fail
SELECT assert(false, 'stopped here');
\endif
INSERT INTO demo.u VALUES (4);
END

# it fails behind its second transaction; the second run does only what was left
run 3 run -q --run-id day-16 load.sql -v n=1 -v fail=true
count demo.t 2; count demo.u 1
run 0 run --run-id day-16 load.sql -v n=1 -v fail=false
err_has 'transaction 1 was committed before by this run: skipped'
err_has 'transaction 2 was committed before by this run: skipped'
err_not 'transaction 3'
count demo.t 2; count demo.u 2

# a third time nothing happens, FIRN_RUN_ID says the same
FIRN_RUN_ID=day-16 run 0 run load.sql -v n=1 -v fail=false
err_has 'transaction 3 was committed before by this run: skipped'
count demo.t 2; count demo.u 2

# the same id with another text is a mistake: exit code 2, nothing changed
run 2 run -q --run-id day-16 load.sql -v n=9 -v fail=false
err_has 'transaction 1 of run "day-16" was committed before with another text; use a new --run-id for a changed script'
count demo.t 2; count demo.u 2

# another id is another run; without one nothing is skipped
run 0 run -q --run-id day-17 load.sql -v n=1 -v fail=false
run 0 run -q load.sql -v n=1 -v fail=false
count demo.t 6; count demo.u 6

# reads of a skipped transaction see the tables as it left them, whatever came later: the rest of the script gets the
# same values, and its own statements are the same
cat >reads.sql <<'END'
CREATE TABLE IF NOT EXISTS demo.r (a bigint);
BEGIN;
INSERT INTO demo.r VALUES (10);
SELECT count(*) AS n FROM demo.r \gset
SELECT assert(count(*) = 1, 'one row, not ' || count(*)) AS ok FROM demo.r \gset
COMMIT;
\echo :n
INSERT INTO demo.r SELECT :n FROM sample_sales() LIMIT 5;
SELECT assert(:go, 'stopped here') AS ok;
\echo done
END
run 3 run -q -f csv --run-id reads reads.sql -v go=false
out_is '1'
count demo.r 6
run 0 run -f csv --run-id reads reads.sql -v go=true
out_is '1
ok
t
done'
err_has 'skipped'
count demo.r 6

# an id that could not be told apart from others
run 2 run -q --run-id 'a b' load.sql -v n=1 -v fail=false
err_has 'run_id'
run 2 run -q --run-id '' -c 'SELECT 1'
