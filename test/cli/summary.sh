#!/usr/bin/env bash
# summary.sh - materialized views: what readers see and when, constraints, the gate's refusals, definitions.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
csv() { run 0 run -q -f csv "$@"; }
sees() { # what a reader gets from the view
    csv -c "SELECT * FROM demo.s ORDER BY 1, 2"
    out_is "$1"
}
location() { sqlite3 firn.db "SELECT metadata_location FROM iceberg_tables WHERE table_name = 's'" 2>/dev/null || python3 -c "
import sqlite3; print(sqlite3.connect('firn.db').execute(\"SELECT metadata_location FROM iceberg_tables WHERE table_name = 's'\").fetchone()[0])"; }

cat >make.sql <<'END'
CREATE SCHEMA demo;
CREATE TABLE demo.raw (day date, product text, amount double precision);
INSERT INTO demo.raw VALUES (DATE '2025-01-14', 'a', 1.5), (DATE '2025-01-14', 'a', 2.5), (DATE '2025-01-15', 'b', 4);
CREATE MATERIALIZED VIEW demo.s AS
  SELECT day, product, count(*) AS n, sum(amount) AS total FROM demo.raw GROUP BY day, product;
ALTER MATERIALIZED VIEW demo.s ADD CONSTRAINT positive CHECK (total > 0);
ALTER MATERIALIZED VIEW demo.s ADD CONSTRAINT totals_match
  CHECK ((SELECT sum(total) FROM summary) = (SELECT sum(amount) FROM raw));
END
csv make.sql
sees 'day,product,n,total' # nothing before the first refresh
old='day,product,n,total
2025-01-14,a,2,4
2025-01-15,b,1,4'
run 0 refresh -f json demo.s
python3 - <<'END'
import json
last = json.loads(open("out").read())
assert last["mode"] == "full" and last["rows_read"] >= 3 and last["rows_written"] == 2, last
assert [s["table"] for s in last["snapshots"]] == ["demo.s"], last
END
sees "$old"

# a refused gate: exit code 3, the constraint and the rows named, the old rows stay
csv -c "INSERT INTO demo.raw VALUES (DATE '2025-01-16', 'c', -1), (DATE '2025-01-17', NULL, -2)"
before=$(location)
run 3 refresh demo.s
[ "$(grep -v '^firn: catalog' err)" = 'firn: refused: constraint "positive" CHECK (total > 0) does not hold; nothing was published: materialized view demo.s
  Failing rows: (day=2025-01-16, product=c, n=1, total=-1); (day=2025-01-17, product=NULL, n=1, total=-2)
SQLSTATE 23514' ] || fail "the message is another"
[ "$(location)" = "$before" ] || fail "something was published"
sees "$old"
run 3 run -q -f csv -c "BEGIN; INSERT INTO demo.raw VALUES (DATE '2025-01-18', 'd', 5); SELECT count(*) AS n FROM demo.raw; REFRESH MATERIALIZED VIEW demo.s; COMMIT"
out_is ''
csv -c "SELECT count(*) AS n FROM demo.raw"
out_is 'n
5'

# a definition over the old one is invisible until its refresh; the old one's constraints go
csv -c "CREATE OR REPLACE MATERIALIZED VIEW demo.s AS SELECT day, max(amount) AS highest, count(*) AS n FROM demo.raw GROUP BY day"
sees "$old"
run 1 run -q -c "SELECT highest FROM demo.s"
csv -c "ALTER MATERIALIZED VIEW demo.s ADD CONSTRAINT few CHECK (n < 2)"
sees "$old"
run 3 refresh -q demo.s
err_has 'constraint "few" CHECK (n < 2) does not hold'
sees "$old"
csv -c "ALTER MATERIALIZED VIEW demo.s DROP CONSTRAINT few; REFRESH MATERIALIZED VIEW demo.s"
sees 'day,highest,n
2025-01-14,2.5,2
2025-01-15,4,1
2025-01-16,-1,1
2025-01-17,-2,1'
# and once more, with the block that replaces, checks and refreshes in one step
cat >block.sql <<'END'
BEGIN;
DELETE FROM demo.raw WHERE amount < 0;
CREATE OR REPLACE MATERIALIZED VIEW demo.s AS
  SELECT day, product, count(*) AS n, sum(amount) AS total FROM demo.raw GROUP BY day, product;
ALTER MATERIALIZED VIEW demo.s ADD CONSTRAINT positive CHECK (total > 0);
REFRESH MATERIALIZED VIEW demo.s;
SELECT count(*) AS groups FROM demo.s;
COMMIT;
END
csv block.sql
out_is 'groups
2'
sees "$old"

# no rows where there were rows
run 3 run -q -c "BEGIN; DELETE FROM demo.raw; REFRESH MATERIALIZED VIEW demo.s; COMMIT"
err_has 'refused: the refresh has no rows and the summary has some; nothing was published'
sees "$old"

# plan
run 0 plan -q demo.s
out_has 'Refresh s: mode none: no row of the raw table has changed'
out_has 'Scan lakehouse.demo.raw'

# the view is the refresh's own
refused() { # statement, SQLSTATE, message
    run 1 run -q -c "$1"
    err_has "firn: $3"
    err_has "SQLSTATE $2"
}
refused "INSERT INTO demo.s VALUES (NULL, 'x', 1, 1)" 42809 'cannot change materialized view "s"; REFRESH it'
refused "DELETE FROM demo.s" 42809 'cannot change materialized view "s"'
refused "COPY demo.s FROM 'x.csv'" 42809 'cannot change materialized view "s"'
refused "DROP TABLE demo.s" 42809 '"s" is not a table; use DROP MATERIALIZED VIEW'
refused "CREATE OR REPLACE TABLE demo.s (a int)" 42809 '"s" is a materialized view, not a table'
refused "CREATE MATERIALIZED VIEW demo.s AS SELECT day, count(*) AS n FROM demo.raw GROUP BY 1" 42P07 'materialized view "demo.s" already exists'
refused "CREATE OR REPLACE MATERIALIZED VIEW demo.raw AS SELECT day, count(*) AS n FROM demo.raw GROUP BY 1" 42809 '"raw" is a table, not a materialized view'
refused "REFRESH MATERIALIZED VIEW demo.raw" 42809 '"raw" is not a materialized view'
refused "REFRESH MATERIALIZED VIEW demo.nope" 42P01 'table "demo.nope" does not exist'
refused "ALTER MATERIALIZED VIEW demo.s ADD CONSTRAINT positive CHECK (n > 0)" 42710 'constraint "positive" already exists'
refused "ALTER MATERIALIZED VIEW demo.s ADD CONSTRAINT c CHECK (totl > 0)" 42703 'column "totl" does not exist: constraint "c"'
refused "ALTER MATERIALIZED VIEW demo.s DROP CONSTRAINT c" 42704 'constraint "c" does not exist'

# what a definition may not contain
definition() { # SELECT, message
    refused "CREATE MATERIALIZED VIEW demo.x AS $1" 0A000 "$2"
}
definition "SELECT day, count(DISTINCT product) AS n FROM demo.raw GROUP BY 1" "aggregate count(DISTINCT) cannot stand in a materialized view's definition"
definition "SELECT day, sum(exp(amount)) AS n FROM demo.raw GROUP BY 1" 'function exp, whose result is not correctly rounded'
definition "SELECT day, now() AS t FROM demo.raw GROUP BY 1" 'function now, whose result changes between runs'
definition "SELECT day FROM demo.raw" 'a SELECT without GROUP BY'
definition "SELECT day, sum(amount) AS t FROM demo.raw GROUP BY 1 HAVING sum(amount) > 0" HAVING
definition "SELECT day, sum(amount) AS t FROM demo.raw GROUP BY 1 LIMIT 3" LIMIT
definition "SELECT count(*) AS n FROM sample_sales()" 'a source other than one table'
# views may read views, but not in a circle: by what is published or pending, in one transaction or over several
over() { # view, what it reads
    echo "CREATE OR REPLACE MATERIALIZED VIEW demo.$1 AS SELECT day, max(m) AS m FROM demo.$2 GROUP BY day"
}
run 0 run -q -c "CREATE MATERIALIZED VIEW demo.v1 AS SELECT day, max(amount) AS m FROM demo.raw GROUP BY day; $(over v2 v1); $(over v3 v2)"
run 0 run -q -c "REFRESH MATERIALIZED VIEW demo.v1; REFRESH MATERIALIZED VIEW demo.v2; REFRESH MATERIALIZED VIEW demo.v3"
cycle="materialized views cannot read each other in a cycle"
refused "$(over v1 v1)" 0A000 "a materialized view cannot be defined over itself: demo.v1"
refused "$(over v1 v2)" 0A000 "$cycle: demo.v1 would read demo.v2, which reads demo.v1"
refused "$(over v1 v3)" 0A000 "$cycle: demo.v1 would read demo.v3, which reads demo.v2, which reads demo.v1"
refused "BEGIN; $(over v4 v3); $(over v1 v4); COMMIT" 0A000 "$cycle: demo.v1 would read demo.v4, which reads demo.v3, which reads demo.v2, which reads demo.v1"
# v3 leaves the chain only with its next refresh: what it publishes still reads v2
run 0 run -q -c "CREATE OR REPLACE MATERIALIZED VIEW demo.v3 AS SELECT day, max(amount) AS m FROM demo.raw GROUP BY day"
refused "$(over v1 v3)" 0A000 "$cycle"
run 0 run -q -c "REFRESH MATERIALIZED VIEW demo.v3; $(over v1 v3); REFRESH MATERIALIZED VIEW demo.v1"
refused "$(over v3 v2)" 0A000 "$cycle: demo.v3 would read demo.v2, which reads demo.v1, which reads demo.v3"
# two at once can each make half of a circle; no refresh gets through it, and one OR REPLACE ends it
run 0 run -q -c "$(over v2 raw | sed 's/max(m)/max(amount)/'); REFRESH MATERIALIZED VIEW demo.v2"
run 0 run -q -c "$(over v3 raw | sed 's/max(m)/max(amount)/'); REFRESH MATERIALIZED VIEW demo.v3"
mkfifo gate
printf 'BEGIN;\n%s;\n\\i gate\nCOMMIT;\n' "$(over v2 v3)" >half.sql
"$firn" run -q half.sql >"$work/out" 2>"$work/err" & half=$!
exec 3>gate
"$firn" run -q -c "$(over v3 v2)"
exec 3>&-
wait "$half" || fail "the other half"
refused "REFRESH MATERIALIZED VIEW demo.v2" 0A000 "$cycle: demo.v2 would read demo.v3, which reads demo.v2"
refused "REFRESH MATERIALIZED VIEW demo.v3" 0A000 "$cycle: demo.v3 would read demo.v2, which reads demo.v3"
run 0 run -q -c "$(over v3 raw | sed 's/max(m)/max(amount)/'); REFRESH MATERIALIZED VIEW demo.v3; REFRESH MATERIALIZED VIEW demo.v2"
run 0 run -q -c "DROP MATERIALIZED VIEW demo.v1, demo.v2, demo.v3"
csv -c "SHOW tables"
out_is 'schema_name,table_name
demo,raw
demo,s'

# a view is renamed; one whose raw table was is refused until it has its name back
run 0 run -q -c "ALTER MATERIALIZED VIEW demo.s RENAME TO s2; REFRESH MATERIALIZED VIEW demo.s2; ALTER MATERIALIZED VIEW demo.s2 RENAME TO s"
refused "ALTER TABLE demo.s RENAME TO s2" 42809 '"s" is not a table; use ALTER MATERIALIZED VIEW'
run 0 run -q -c "ALTER TABLE demo.raw RENAME TO raw2"
refused "REFRESH MATERIALIZED VIEW demo.s" 42P01 'table "demo.raw" does not exist: definition (if the table was renamed: CREATE OR REPLACE the view over its new name, or rename it back)'
run 0 run -q -c "ALTER TABLE demo.raw2 RENAME TO raw; REFRESH MATERIALIZED VIEW demo.s"

# DROP leaves the raw table; the raw table's successor is not taken for it
run 0 run -q -c "DROP TABLE demo.raw; CREATE TABLE demo.raw (day date, product text, amount double precision)"
refused "REFRESH MATERIALIZED VIEW demo.s" 22023 'demo.raw is another table than the one the view was made over'
run 0 run -q -c "DROP MATERIALIZED VIEW IF EXISTS demo.s, demo.nothing"
run 1 run -q -c "SELECT * FROM demo.s"
