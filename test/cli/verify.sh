#!/usr/bin/env bash
# verify.sh - firn verify: what it answers, where it differs, what is gone; its arguments.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
cat >make.sql <<'END'
CREATE SCHEMA demo;
CREATE TABLE demo.raw AS SELECT * FROM sample_sales();
CREATE MATERIALIZED VIEW demo.daily AS
  SELECT transaction_date AS day, product_id, sum(amount) AS total FROM demo.raw GROUP BY 1, 2;
REFRESH MATERIALIZED VIEW demo.daily;
END
run 0 run -q make.sql

answer() { # outcome, rows, options
    run 0 verify -q -f csv demo.daily "${@:3}"
    [ "$(head -1 out)" = snapshot_id,covered_snapshot_id,rows_compared,files,rows_digest,states_digest,outcome ] || fail "the columns are others"
    tail -1 out | grep -qE "^[0-9]+,[0-9]+,$2,1,[0-9a-f]{32},[0-9a-f]{32},$1\$" || fail "the answer is another: $(tail -1 out)"
}
answer equal 9
answer equal 9 --files --level full
answer 'as published' 9 --level digests
answer 'metadata agrees' 0 --level metadata
answer equal 9 --as-of main
run 0 run -q -c "CALL system.verify(\"table\" => 'lakehouse.\"demo\".daily', level => 'digests', files => true)"

# what the raw table has become since does not matter, only what is covered
run 0 run -q -c "INSERT INTO demo.raw SELECT * FROM sample_sales(start => DATE '2026-01-01')"
answer equal 9

# a raw file that is gone, then one of the summary's own
for f in warehouse/demo/raw-*/data/*.parquet; do mv "$f" "$f.away"; done
run 8 verify -q demo.daily
err_has 'a file of the covered raw snapshot is gone'
err_has 'What is stored still has the digests that were published: 9 rows and their states.'
err_has 'SQLSTATE 55000'
answer 'as published' 9 --level digests
for f in warehouse/demo/raw-*/data/*.away; do mv "$f" "${f%.away}"; done
answer equal 9
rm warehouse/demo/daily-*/data/*.parquet
run 7 verify -q demo.daily
err_has 'what is stored cannot be read'
err_has 'SQLSTATE XX002'
answer 'metadata agrees' 0 --level metadata

refused() { # exit code, message, arguments
    run "$1" verify -q "${@:3}"
    err_has "$2"
}
refused 1 '"raw" is not a materialized view' demo.raw
refused 1 'table "demo.nope" does not exist' demo.nope
refused 1 '"daily" is not of the form schema.table' daily
refused 1 "there is no snapshot 12" demo.daily --as-of 12
refused 1 'level of verify is metadata, digests or full, not "quick"' demo.daily --level quick
refused 1 'level metadata reads none' demo.daily --level metadata --files
refused 2 'usage: firn verify NAME'
refused 2 'verify takes no option --rows' demo.daily --rows 3
run 1 run -q -c "CALL system.verify('demo.daily', depth => 1)"
err_has 'verify has no argument depth; it takes "table", as_of, level and files'
