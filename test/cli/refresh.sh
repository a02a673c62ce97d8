#!/usr/bin/env bash
# refresh.sh - for each change of a raw table: the mode that a refresh chooses, the files it reads and writes, and
# that what comes out is what a rebuild gives (firn verify, and the same view made anew).
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
sql() { run 0 run -q -c "$1"; }

# expect MODE RAW_FILES: the plan says so, the refresh does so, the result is a rebuild's, and nothing is left to do
expect() {
    run 0 plan -f csv -q demo.s
    grep -q "mode $1:" out || { cat out; exit 1; }
    grep -q "Raw files to be read: $2," out || { cat out; exit 1; }
    run 0 refresh -f json -q demo.s
    grep -q "\"mode\":\"$1\"" out || { cat out; exit 1; }
    run 0 verify -q demo.s
    run 0 plan -f csv -q demo.s
    grep -q "mode none: " out || { cat out; exit 1; }
    rebuild
}

digests() { "$firn" run -q -f csv -c "SELECT summary FROM demo.\"$1\$snapshots\" ORDER BY committed_at DESC LIMIT 1" | grep -oE 'firn\.(rows|states)-digest=[0-9a-f]+'; }
rebuild() { # of the same definition under another name: the same rows, states and digests
    sql "DROP MATERIALIZED VIEW IF EXISTS demo.anew; CREATE MATERIALIZED VIEW demo.anew AS $select; REFRESH MATERIALIZED VIEW demo.anew"
    [ "$(digests s)" = "$(digests anew)" ] || { echo "not what a rebuild gives"; digests s; digests anew; exit 1; }
}

select="SELECT day, product, count(*) AS n, count(x) AS k, sum(x) AS total, avg(x) AS mean, min(x) AS low, max(x) AS high,
  var_samp(x) AS spread, sum(q) AS pieces, avg(q) FILTER (WHERE q > 2) AS some, max(note) AS word
  FROM demo.raw WHERE x IS NULL OR x < 1e6 GROUP BY day, product"
sql "CREATE SCHEMA demo;
CREATE TABLE demo.raw (day date, product text, x double precision, q bigint, note text, unused int) WITH (partitioning = 'day(day)');
CREATE MATERIALIZED VIEW demo.s AS $select"
day() { # DATE ROWS: rows of one day; x runs over many magnitudes, some of it NULL
    sql "INSERT INTO demo.raw SELECT DATE '$1', 'p' || (i % 3), CASE WHEN i % 7 = 0 THEN NULL ELSE (i - 5) * 0.1 + i % 4 * 1e5 END, i, 'w' || i, i
         FROM (SELECT product_id * 37 + quantity AS i FROM sample_sales(seed => 3, start => DATE '$1', days => 1, rows_per_day => $2)) s"
}

expect full 0 # an empty raw table
day 2025-01-14 60
day 2025-02-20 70
expect delta 2
day 2025-03-01 30
expect delta 1
day 2025-01-14 5 # a late day
expect delta 1
# copy-on-write: the files that went and what took their place; the largest note and some extremes go
sql "DELETE FROM demo.raw WHERE day = DATE '2025-02-20' AND x > 10"
expect delta 2
sql "DELETE FROM demo.raw WHERE day = DATE '2025-03-01'" # its groups vanish
expect delta 1
sql "SET firn.overwrite = 'partitions'; INSERT INTO demo.raw SELECT * FROM demo.raw WHERE day = DATE '2025-02-20' AND product <> 'p1'"
expect delta 2
# values without which nothing is left of a sum but its exactness
sql "INSERT INTO demo.raw VALUES (DATE '2025-02-20', 'p0', 1e300, 1, NULL, 1), (DATE '2025-02-20', 'p0', -0.0, 2, '', 2), (DATE '2025-02-20', NULL, 'NaN', 3, 'n', 3),
       (NULL, 'p2', 'Infinity', 4, 'i', 4), (NULL, 'p2', 5e-324, 5, 'j', 5), (NULL, 'p2', NULL, NULL, NULL, NULL)"
expect delta 2
sql "DELETE FROM demo.raw WHERE x = 'Infinity' OR note = 'n' OR x = 5e-324"
run 0 refresh -q demo.s
run 0 verify -q demo.s
rebuild

# a newer snapshot without a changed row; a column that the view does not use
sql "DELETE FROM demo.raw WHERE day = DATE '1999-01-01'"
expect none 0

# files that went are deleted from storage: groups in their key ranges are made anew, from what stays there
expire() { # deletes every data file that is not the raw table's now
    "$firn" run -q -f csv -c 'SELECT file_path FROM demo."raw$files"' | sed -n 's,^file://,,p' | sort >live
    find "$PWD"/warehouse/demo/raw-*/data -name '*.parquet' | sort | comm -23 - live | xargs rm
}
expire
day 2025-05-01 40
day 2025-05-02 40
day 2025-05-02 9
run 0 refresh -q demo.s
sql "DELETE FROM demo.raw WHERE day = DATE '2025-05-02' AND q % 37 > 5 AND product <> 'p1'" # of 2 files of the day
expire
run 4 refresh --mode delta demo.s
err_has "is deleted"
day 2025-05-03 8
run 0 refresh --mode strict --run-id x -q demo.s
run 0 verify -q demo.s
rebuild
sql "DELETE FROM demo.raw WHERE day = DATE '2025-05-02' AND q % 37 IN (1, 2, 3)"
day 2025-05-02 3 # behind the one that went, and not covered
expire
expect partition 3
sql "DELETE FROM demo.raw WHERE day = DATE '2025-05-03'" # nothing stays
expire
expect partition 0
sql "DELETE FROM demo.raw WHERE day = DATE '2025-05-01'; DELETE FROM demo.raw WHERE day = DATE '2025-05-02' AND product = 'p2'" # one deleted, one not
find "$PWD"/warehouse/demo/raw-*/data/day_day=2025-05-01 -name '*.parquet' -delete
run 0 plan -f csv -q demo.s
out_has "mode partition: file://"
out_has "groups in the key ranges of 1 files are made anew, from 0 that stay"
run 0 refresh -q demo.s
run 0 verify -q demo.s
rebuild
sql "DELETE FROM demo.raw WHERE day = DATE '2025-01-14' AND q % 37 = 7"
run 0 refresh --mode partition -f json -q demo.s # not deleted, but asked for
out_has '"mode":"partition"'
run 0 verify -q demo.s
rebuild
sql "INSERT INTO demo.raw VALUES (DATE '2025-01-01', 'a', 1, 1, '', 1), (DATE '2025-12-31', 'z', 1, 1, '', 1)" # a key range over all
run 0 refresh -q demo.s
sql "DELETE FROM demo.raw WHERE day = DATE '2025-01-01'"
expire
expect partition 0

# what a user forbids
sql "CREATE OR REPLACE MATERIALIZED VIEW demo.s AS SELECT day, count(*) AS n FROM demo.raw GROUP BY day"
run 4 refresh --mode strict demo.s
grep -q "another definition" err
run 4 refresh --mode delta demo.s
run 2 refresh --mode sideways demo.s
run 0 refresh -q demo.s
day 2025-04-01 10
run 0 refresh --mode full -f json -q demo.s
grep -q '"mode":"full"' out
day 2025-04-02 10
run 0 refresh --mode strict -f json -q demo.s
grep -q '"mode":"delta"' out

# the companion is lost or damaged: everything anew, and it is said why
sql "DROP TABLE demo.s__firn"
run 0 plan -f csv -q demo.s
grep -q "mode full: its companion table is gone" out
run 4 refresh --mode strict demo.s
run 0 refresh -q demo.s
sql "DELETE FROM demo.s__firn WHERE kind = 'unit'"
run 0 plan -f csv -q demo.s
grep -q "mode full: its companion table is damaged" out
run 0 refresh -q demo.s
run 0 verify -q demo.s

sql "INSERT INTO demo.s__firn SELECT epoch, kind, gone, path, bytes, records, sequence, spec, partition, deletes, taken, unit, low, high, NULL,
       rows_digest, states_digest FROM demo.s__firn WHERE kind = 'part'"
run 0 plan -f csv -q demo.s
grep -q "mode full: its companion table is damaged: .*totals" out
run 0 refresh -q demo.s
run 0 verify -q demo.s
rm warehouse/demo/s__firn-*/data/*.parquet
run 0 plan -f csv -q demo.s
grep -q "mode full: its companion table is damaged: " out
run 0 refresh -q demo.s
run 0 verify -q demo.s

# a raw file that gave something else than what its groups hold: refused, and all anew puts it right
sql "CREATE TABLE demo.kept AS SELECT * FROM demo.s__firn WHERE kind = 'unit' AND records > 5; DELETE FROM demo.s__firn WHERE kind = 'unit' AND records > 5;
     INSERT INTO demo.s__firn SELECT epoch, kind, gone, path, bytes, records, sequence, spec, partition, deletes, taken, unit, low, high,
       (SELECT totals FROM demo.kept ORDER BY records LIMIT 1), rows_digest, states_digest FROM demo.kept; DROP TABLE demo.kept"
day 2025-04-04 10
run 3 refresh -q demo.s
err_has "refused: the totals of all groups are not those of the raw files that they were made of, for n: "
err_has " in the summary, "
run 0 refresh --mode full -q demo.s
run 0 verify -q demo.s

# a file of the view that holds other rows than were written to it, though readable ones, is not built on
for t in one two; do
    sql "CREATE TABLE demo.$t (k bigint, v bigint); INSERT INTO demo.$t VALUES (1, 10), (2, $([ $t = one ] && echo 20 || echo 21));
CREATE MATERIALIZED VIEW demo.of_$t AS SELECT k, count(*) AS n, sum(v) AS total FROM demo.$t GROUP BY k; REFRESH MATERIALIZED VIEW demo.of_$t"
done
cp warehouse/demo/of_two-*/data/*.parquet warehouse/demo/of_one-*/data/*.parquet
sql "INSERT INTO demo.one VALUES (3, 1)"
run 1 refresh demo.of_one
grep -q "of_one-.*does not hold the rows that were written to it" err
run 0 refresh --mode full -q demo.of_one
run 0 verify -q demo.of_one
sql "DROP MATERIALIZED VIEW demo.of_one; DROP MATERIALIZED VIEW demo.of_two; DROP TABLE demo.one; DROP TABLE demo.two"

# what a constraint asks of all of raw is known from the units; anything else is read
sql "CREATE MATERIALIZED VIEW demo.c AS SELECT day, count(*) AS n, sum(q) AS pieces, avg(x) FILTER (WHERE q > 2) AS mean, max(q) AS most
     FROM demo.raw WHERE product <> 'p1' GROUP BY day"
files_read() { # [CONSTRAINT]: by a refresh that makes everything anew
    [ $# = 0 ] || sql "ALTER MATERIALIZED VIEW demo.c ADD CONSTRAINT k CHECK ($1)"
    run 0 refresh --mode full -f json -q demo.c
    grep -oE '"files_read":[0-9]+' out | cut -d: -f2
    [ $# = 0 ] || sql "ALTER MATERIALIZED VIEW demo.c DROP CONSTRAINT k"
}
alone=$(files_read)
for known in "(SELECT sum(q) + 0 FROM raw WHERE product <> 'p1') > 0" "(SELECT count(*) FROM raw WHERE product <> 'p1') = (SELECT sum(n) FROM summary)" \
    "(SELECT avg(x) FILTER (WHERE q > 2) FROM raw WHERE product <> 'p1') IS NOT NULL" "(SELECT sum(pieces) FROM summary) = (SELECT sum(q) FROM raw WHERE product <> 'p1')"; do
    read=$(files_read "$known")
    [ "$read" -lt $((alone * 3 / 2)) ] || fail "$known: $read files read, $alone without it"
done
for unknown in "(SELECT sum(q) FROM raw) > 0" "(SELECT max(q) FROM raw WHERE product <> 'p1') > 0" "(SELECT sum(q + 1) FROM raw WHERE product <> 'p1') > 0" \
    "(SELECT avg(x) FROM raw WHERE product <> 'p1') IS NOT NULL" "(SELECT count(*) FROM raw WHERE product <> 'p2') > 0"; do
    read=$(files_read "$unknown")
    [ "$read" -gt $((alone * 3 / 2)) ] || fail "$unknown: $read files read, $alone without it"
done
sql "ALTER MATERIALIZED VIEW demo.c ADD CONSTRAINT wrong CHECK ((SELECT sum(q) FROM raw WHERE product <> 'p1') = 1)"
run 3 refresh -q demo.c
sql "DROP MATERIALIZED VIEW demo.c"

# it goes and moves with its view, and stands in no listing
run 0 run -q -f csv -c "SHOW TABLES"
! grep -q "__firn" out
sql "ALTER MATERIALIZED VIEW demo.s RENAME TO moved"
day 2025-04-03 10
run 0 refresh -f json -q demo.moved
grep -q '"mode":"delta"' out
sql "DROP MATERIALIZED VIEW demo.moved; DROP MATERIALIZED VIEW demo.anew; DROP TABLE demo.raw; DROP SCHEMA demo"
