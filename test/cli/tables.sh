#!/usr/bin/env bash
# tables.sh - tables and their past: CREATE, INSERT, DELETE, OR REPLACE, time travel, metadata tables, names, refusals.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
csv() { run 0 run -q -f csv "$@"; } # the rest: -c ...

csv -c "CREATE SCHEMA demo" -c "CREATE SCHEMA IF NOT EXISTS demo" -c "SHOW schemas"
out_is 'schema_name
demo'

cat >make.sql <<'END'
CREATE TABLE demo.t (day date NOT NULL, product text, n bigint, price decimal(10,2)) WITH (partitioning = 'day', sorted_by = 'n');
INSERT INTO demo.t VALUES (DATE '2025-01-14', 'a', 2, 1.50), (DATE '2025-01-14', 'b', 1, 2.5), (DATE '2025-01-15', 'c', 3, NULL);
INSERT INTO demo.t (n, day) SELECT 4, DATE '2025-01-15';
DELETE FROM demo.t WHERE n = 1;
SELECT * FROM demo.t ORDER BY n;
SELECT operation, regexp_replace(summary, '(size|id)=[0-9]+', '\1=N', 'g') AS summary FROM demo."t$snapshots" ORDER BY committed_at;
END
sed -i '/regexp_replace/d' make.sql
cat >>make.sql <<'END'
SELECT operation, count(*) AS n FROM demo."t$snapshots" GROUP BY 1 ORDER BY 1;
SELECT count(*) AS n, bool_and(is_current_ancestor) AS all_current FROM demo."t$history";
SELECT name, type FROM demo."t$refs";
SELECT content, file_format, spec_id, partition, record_count, file_size_in_bytes > 0 AS sized, sequence_number FROM demo."t$files" ORDER BY partition, sequence_number;
SELECT content, added_rows_count, existing_rows_count, deleted_rows_count FROM demo."t$manifests" ORDER BY 2, 3, 4;
SELECT partition, record_count, file_count FROM demo."t$partitions" ORDER BY 1;
SHOW tables;
END
csv make.sql
same_as tables_make.csv

# time travel: by snapshot id, ref, time
cat >past.sql <<'END'
SELECT snapshot_id AS first FROM demo."t$snapshots" ORDER BY committed_at LIMIT 1 \gset
\set past t@ :first
SELECT count(*) AS first FROM demo.:"past";
SELECT count(*) AS main FROM demo."t@main";
SELECT count(*) AS later FROM demo."t@2100-01-01 00:00:00";
-- the table is replaced, its history is not
CREATE OR REPLACE TABLE demo.t AS SELECT 'new' AS kind, 1 AS n;
SELECT * FROM demo.t;
SELECT * FROM demo.:"past" ORDER BY n;
SELECT is_current_ancestor, count(*) AS n FROM demo."t$history" GROUP BY 1 ORDER BY 1;
END
csv past.sql
out_is 'first
3
main
3
later
3
kind,n
new,1
day,product,n,price
2025-01-14,b,1,2.50
2025-01-14,a,2,1.50
2025-01-15,c,3,
is_current_ancestor,n
f,3
t,1'
refused() { # statement, SQLSTATE, message
    run 1 run -q -c "$1"
    err_has "firn: $3"
    err_has "SQLSTATE $2"
}
refused 'SELECT * FROM demo."t@12345"' 42704 'there is no snapshot 12345'
refused 'SELECT * FROM demo."t@nope"' 42704 '"nope" is no snapshot id, branch, tag or timestamp of this table'
refused 'SELECT * FROM demo."t@1999-12-31"' 42704 'the table had no snapshot yet at 1999-12-31'
refused 'SELECT * FROM demo."t$nope"' 42P01 'there is no metadata table "$nope"; there are $snapshots'
refused 'INSERT INTO demo."t@main" VALUES (1)' 42P01 'table "demo.t@main" does not exist'

# partitions are replaced by INSERT under firn.overwrite
cat >overwrite.sql <<'END'
CREATE TABLE demo.o (day date, n int) WITH (partitioning = 'month(day)');
INSERT INTO demo.o VALUES (DATE '2025-01-01', 1), (DATE '2025-01-31', 2), (DATE '2025-02-01', 3);
SET firn.overwrite = 'partitions';
INSERT INTO demo.o VALUES (DATE '2025-01-15', 10), (DATE '2025-03-15', 11);
SELECT * FROM demo.o ORDER BY n;
SET firn.overwrite = 'none';
INSERT INTO demo.o VALUES (DATE '2025-03-16', 12);
SELECT count(*) AS n FROM demo.o;
END
csv overwrite.sql
out_is 'day,n
2025-02-01,3
2025-01-15,10
2025-03-15,11
n
4'

# a day's load is replaced in one snapshot
csv -c "BEGIN; DELETE FROM demo.o WHERE day >= DATE '2025-03-01'; INSERT INTO demo.o VALUES (DATE '2025-03-15', 20); COMMIT; SELECT sum(n) AS n, count(*) AS c FROM demo.o" -c "SELECT operation, count(*) AS n FROM demo.\"o\$snapshots\" GROUP BY 1 ORDER BY 1"
out_is 'n,c
33,3
operation,n
append,2
overwrite,2'

# DROP
csv -c "DROP TABLE IF EXISTS demo.o, demo.nothing; SHOW tables"
out_is 'schema_name,table_name
demo,t'
run 0 run -c "DROP TABLE IF EXISTS demo.nothing; DROP SCHEMA IF EXISTS nothing; CREATE TABLE IF NOT EXISTS demo.t (a int)"
err_has 'table "nothing" does not exist, skipped'
err_has 'schema "nothing" does not exist, skipped'
err_has 'table "t" exists already, skipped'
refused 'DROP SCHEMA demo' 2BP01 'schema "demo" is not empty: it holds 1 table, "t" among them'

# names: renamed, moved to another schema, alone and with changes in one transaction, in a circle
run 0 run -q -c "CREATE SCHEMA other; CREATE TABLE demo.a AS SELECT 1 AS x; CREATE TABLE demo.b AS SELECT 2 AS x"
run 0 run -c "ALTER TABLE demo.a RENAME TO c; ALTER TABLE demo.c SET SCHEMA other; ALTER TABLE IF EXISTS demo.a RENAME TO d"
err_has 'table "a" does not exist, skipped'
refused 'ALTER TABLE demo.a RENAME TO d' 42P01 'table "demo.a" does not exist'
refused 'ALTER TABLE demo.b RENAME TO B' 42P07 'table "demo.b" already exists'
refused 'ALTER TABLE demo.b SET SCHEMA nowhere' 3F000 'schema "nowhere" does not exist'
refused 'ALTER MATERIALIZED VIEW demo.b RENAME TO d' 42809 '"b" is not a materialized view; use ALTER TABLE'
csv -c "BEGIN; ALTER TABLE other.c SET SCHEMA demo; INSERT INTO demo.c VALUES (10); CREATE TABLE other.c AS SELECT 9 AS x; ROLLBACK; SELECT x FROM other.c" \
    -c "BEGIN; INSERT INTO other.c VALUES (10); ALTER TABLE other.c SET SCHEMA demo; CREATE TABLE other.c AS SELECT 9 AS x; COMMIT; SELECT sum(x) AS c FROM demo.c; SELECT x FROM other.c" \
    -c "BEGIN; ALTER TABLE demo.b RENAME TO x; ALTER TABLE demo.c RENAME TO b; ALTER TABLE demo.x RENAME TO c; COMMIT; SELECT sum(x) AS b FROM demo.b; SELECT x FROM demo.c" \
    -c "BEGIN; DROP TABLE other.c; ALTER TABLE demo.b SET SCHEMA other; ALTER TABLE other.b RENAME TO c; COMMIT; SELECT sum(x) AS c FROM other.c" \
    -c "BEGIN; ALTER TABLE demo.c RENAME TO d; ALTER TABLE demo.d RENAME TO c; COMMIT; SELECT x FROM demo.c; SELECT count(*) AS metadata FROM demo.\"c\$history\"" \
    -c "BEGIN; ALTER TABLE demo.c RENAME TO d; DROP TABLE demo.d; DROP TABLE other.c; DROP SCHEMA other; COMMIT; SHOW tables"
out_is 'x
1
c
11
x
9
b
11
x
2
c
11
x
2
metadata
1
schema_name,table_name
demo,t'
# a run that is repeated finds its rename done
run 0 run -q -c "CREATE TABLE demo.a AS SELECT 1 AS x"
run 0 run -q --run-id again -c "ALTER TABLE demo.a RENAME TO b"
run 0 run --run-id again -c "ALTER TABLE demo.a RENAME TO b"
err_has 'transaction 1 was committed before by this run: skipped'
refused 'ALTER TABLE demo.a RENAME TO b' 42P01 'table "demo.a" does not exist'
run 0 run -q -c "DROP TABLE demo.b"

# a table that another catalog knows
csv -c "CREATE TABLE demo.r AS SELECT 1 AS a"
metadata=$(find warehouse/demo -path '*/r-*' -name '*.metadata.json')
csv -c "DROP TABLE demo.r" -c "CALL system.register_table('demo.r2', '$PWD/$metadata'); SELECT * FROM demo.r2"
out_is 'a
1'
refused "CALL system.register_table('demo.r2', '$PWD/$metadata')" 42P07 'table "demo.r2" already exists'
refused "CALL system.register_table('demo.r3', '$PWD/nowhere.json')" 58P01 ''
refused "CALL system.register_table('demo.r3')" 22023 'register_table needs "table" and metadata_file'

# EXPLAIN
csv -c "EXPLAIN SELECT kind, sum(n) FROM demo.t WHERE n > 1 GROUP BY 1"
out_has 'Aggregate by kind: sum(n)'
out_has 'Scan lakehouse.demo.t'
csv -c "EXPLAIN ANALYZE SELECT kind, sum(n) FROM demo.t WHERE n >= 1 GROUP BY 1"
out_has 'Rows: 1; read: 1 file'

# names: the nearest one, case, quotes, search_path, catalog
refused 'SELECT * FROM demo.tt' 42P01 'table "demo.tt" does not exist'
err_has 'Perhaps you meant the table "t".'
refused 'SELECT * FROM demmo.t' 3F000 'schema "demmo" does not exist'
err_has 'Perhaps you meant the schema "demo".'
refused 'SELECT knid FROM demo.t' 42703 'column "knid" does not exist'
err_has 'Perhaps you meant the column "kind".'
refused 'SELECT cuont(*) FROM demo.t' 42883 'function cuont() does not exist'
err_has 'Perhaps you meant the function "count".'
refused 'SELECT sum(kind) FROM demo.t' 42883 'function sum(text) does not exist'
err_not 'Perhaps you meant'
refused 'SELECT * FROM t' 42P01 'table "t" needs its schema: write schema.t, or SET search_path'
refused 'SELECT * FROM other.demo.t' 3D000 'catalog "other" is not the open one, "lakehouse"'
csv --search-path demo -c 'SELECT KIND FROM LAKEHOUSE.DEMO.T; SELECT "kind" FROM t'
out_is 'kind
new
kind
new'
refused 'SELECT "KIND" FROM demo.t' 42703 'column "KIND" does not exist'
csv -c 'CREATE TABLE demo."Odd name" ("A b" int); CREATE TABLE demo."odd name" (x int); INSERT INTO demo."Odd name" VALUES (1); SELECT * FROM demo."Odd name"'
out_is 'A b
1'

# what is not there is refused by name
not_supported() { refused "$1" 0A000 "$2 is not supported"; }
not_supported 'UPDATE demo.t SET n = 2' UPDATE
not_supported 'SELECT * FROM demo.t, demo.t u' 'a join (several tables in FROM)'
not_supported 'SELECT * FROM demo.t JOIN demo.r2 ON true' JOIN
not_supported 'SELECT 1 UNION SELECT 2' UNION
not_supported 'WITH a AS (SELECT 1) SELECT * FROM a' WITH
not_supported 'SELECT rank() OVER () FROM demo.t' 'a window function (OVER)'
not_supported 'ALTER TABLE demo.t ADD COLUMN b int' 'ALTER TABLE'
not_supported 'CREATE TABLE demo.v (a varchar(10))' 'varchar(10) (tables keep no length: use text)'
not_supported 'SAVEPOINT a' SAVEPOINT
refused "CREATE TABLE demo.v (a int) WITH (format_version = 3)" 0A000 'firn writes format version 2, not 3'
refused "CREATE TABLE demo.v (a int) WITH (partitionning = 'a')" 22023 'unknown option "partitionning"; there are partitioning'
refused "CREATE TABLE demo.v (a int) WITH (partitioning = 'b')" 42703 'partitioning: column "b" does not exist'
refused "COPY demo.t FROM STDIN" 0A000 'COPY needs a file name'

# mistakes in rows
refused "INSERT INTO demo.t VALUES ('x', 'y')" 22P02 'invalid input syntax for type integer: "y"'
refused "INSERT INTO demo.t VALUES (1, 2, 3)" 42601 'INSERT has more expressions than target columns'
refused "INSERT INTO demo.t SELECT 'x', 3000000000" 22003 'integer out of range'
refused "SELECT n / 0 FROM demo.t" 22012 'division by zero'
csv -c "SELECT count(*) AS n FROM demo.t"
out_is 'n
1'
