#!/usr/bin/env bash
# refresh_parts.sh - a view of several data files: groups that are made anew come back once, where they stood.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
sql() { run 0 run -q -c "$1"; }

sql "CREATE SCHEMA demo; CREATE TABLE demo.wide (day date, id bigint, x double precision) WITH (partitioning = 'month(day)');
  CREATE MATERIALIZED VIEW demo.w AS SELECT day, id, count(*) AS n, sum(x) AS total, min(x) AS low FROM demo.wide GROUP BY day, id"
sql "INSERT INTO demo.wide SELECT transaction_date, product_id, quantity * unit_price / 7.3 + sqrt(product_id * amount)
  FROM sample_sales(seed => 1, start => DATE '2025-01-01', days => 90, rows_per_day => 4000, products => 2500)"
sql "INSERT INTO demo.wide SELECT day, id, 1e6 FROM demo.wide WHERE x < 100" # their groups outlive the others' rows
run 0 refresh -q demo.w
run 0 run -q -f csv -c 'SELECT count(*) FROM demo."w$files"'
out_is "count
3"
sql "BEGIN; DELETE FROM demo.wide WHERE x < 100 AND day < DATE '2025-02-01'; DELETE FROM demo.wide WHERE x < 100 AND day BETWEEN DATE '2025-03-01' AND DATE '2025-03-31'; COMMIT"
run 0 refresh --mode strict -f json -q demo.w
out_has '"mode":"delta"'
run 0 verify -q demo.w
sql "BEGIN; DELETE FROM demo.wide WHERE x < 150 AND day < DATE '2025-02-01'; DELETE FROM demo.wide WHERE x < 200 AND day BETWEEN DATE '2025-03-01' AND DATE '2025-03-31'; COMMIT"
find "$PWD"/warehouse/demo/wide-*/data/day_month=2025-03 -name '*.parquet' | sort >all
"$firn" run -q -f csv -c 'SELECT file_path FROM demo."wide$files"' | sed -n 's,^file://,,p' | sort | comm -23 all - | xargs rm
run 0 refresh --mode strict -f json -q demo.w # lost groups in January, a box in March
out_has '"mode":"partition"'
run 0 verify -q demo.w
