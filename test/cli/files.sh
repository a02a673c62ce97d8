#!/usr/bin/env bash
# files.sh - CSV and Parquet in and out: read_csv, read_parquet, COPY; bad rows with their lines.
. "$(dirname "$0")/lib/cli.bash"
"$firn" init -q .
csv() { run 0 run -q -f csv "$@"; }
refused() { # statement, SQLSTATE, message
    run 1 run -q -c "$1"
    err_has "firn: $3"
    err_has "SQLSTATE $2"
}
mkdir data
printf 'day,product,n,price\n2025-01-14,a,1,1.5\n2025-01-15,"b ""q"", x",2,\n2025-01-16,,3,2.25\n' >data/one.csv
printf 'day,product,n,price\n2025-01-17,d,4,7\n' >data/two.csv
all='day,product,n,price
2025-01-14,a,1,1.5
2025-01-15,"b ""q"", x",2,
2025-01-16,,3,2.25
2025-01-17,d,4,7'

csv -c "SELECT * FROM read_csv('data/*.csv') ORDER BY n"
out_is "$all"
csv -c "SELECT * FROM read_csv('data/two.csv', 'data/one.csv') ORDER BY n"
out_is "$all"
csv -c "SELECT column2, column3 FROM read_csv('data/two.csv', header => false)"
out_is 'column2,column3
product,n
d,4'
csv -c "SELECT pg_typeof(day) AS a, pg_typeof(product) AS b, pg_typeof(n) AS c, pg_typeof(price) AS d FROM read_csv('data/*.csv') LIMIT 1"
out_is 'a,b,c,d
date,text,bigint,double precision'

# out and in again, both formats
csv -c "CREATE SCHEMA demo; CREATE TABLE demo.t (day date, product text, n bigint, price double precision)" \
    -c "COPY demo.t FROM 'data/*.csv' WITH (FORMAT csv, HEADER)" -c "SELECT * FROM demo.t ORDER BY n"
out_is "$all"
csv -c "COPY (SELECT * FROM demo.t ORDER BY n) TO 'all.parquet'" -c "SELECT * FROM read_parquet('*.parquet') ORDER BY n"
out_is "$all"
csv -c "COPY (SELECT * FROM demo.t ORDER BY n) TO 'all.csv' WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'NA')"
[ "$(cat all.csv)" = 'day;product;n;price
2025-01-14;a;1;1.5
2025-01-15;"b ""q"", x";2;NA
2025-01-16;NA;3;2.25
2025-01-17;d;4;7' ] || fail "all.csv is another: $(cat all.csv)"
csv -c "DELETE FROM demo.t; COPY demo.t FROM 'all.parquet'; COPY demo.t FROM 'all.csv' WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'NA')" \
    -c "SELECT count(*) AS n, count(product) AS products, count(price) AS prices, sum(price) AS s FROM demo.t"
out_is 'n,products,prices,s
8,6,6,21.5'
csv -c "COPY demo.t TO 'plain.csv'; COPY demo.t (n, product) FROM 'data/two.csv' CSV HEADER; SELECT n, product, day FROM demo.t WHERE day IS NULL"
[ "$(wc -l <plain.csv)" = 8 ] || fail "plain.csv: $(cat plain.csv)"
out_is 'n,product,day
4,d,'
# COPY TO replaces a file whole, or leaves it
cp plain.csv before.csv
run 1 run -q -c "COPY (SELECT 1 / (n - 3) FROM demo.t) TO 'plain.csv'"
cmp plain.csv before.csv || fail "a failed COPY changed its file"
[ -z "$(find . -maxdepth 1 -name '*.tmp*' -o -maxdepth 1 -name '.plain*')" ] || fail "left: $(ls -A)"

# bad rows: the line that says so, or left out and counted
printf 'day;product;n;price\n2025-01-14;NA;x;1,5\n2025-01-15;b;2;3\n2025-01-15;b;2;3;4\n' >bad.csv
options="FORMAT csv, HEADER, DELIMITER ';', NULL 'NA'"
refused "COPY demo.t FROM 'bad.csv' WITH ($options)" 22P02 "file://$PWD/bad.csv line 2, column \"n\": invalid input syntax for type bigint: \"x\""
refused "SELECT * FROM read_csv('bad.csv', delimiter => ';')" 22P04 "file://$PWD/bad.csv line 4: 5 fields, expected 4"
run 0 run -f json -c "COPY demo.t FROM 'bad.csv' WITH ($options, ON_ERROR ignore)"
err_has "2 rows left out; the first: file://$PWD/bad.csv line 2"
out_has '"bad_rows":2,"rows_written":1'
# far into a large file
python3 - <<'END'
with open("big.csv", "w") as f:
    f.write("n,price\n")
    for i in range(2, 80000):
        f.write(f"{i},{'oops' if i == 70001 else i / 4}\n")
END
refused "CREATE TABLE demo.big AS SELECT sum(price) AS s FROM read_csv('big.csv', sample_rows => 1000)" 22P02 "file://$PWD/big.csv line 70,001, column \"price\": invalid input syntax"
run 1 run -q -c "SELECT * FROM demo.big"

# files that are not what they should be
refused "SELECT * FROM read_csv('nowhere*.csv')" 58P01 'no file matches "nowhere*.csv"'
refused "SELECT * FROM read_parquet('nowhere.parquet')" 58P01 'no file matches "nowhere.parquet"'
run 1 run -q -c "SELECT * FROM read_parquet('data/one.csv')"
err_has 'data/one.csv'
head -c 500 all.parquet >cut.parquet
run 1 run -q -c "SELECT * FROM read_parquet('cut.parquet')"
err_has 'cut.parquet'
printf '' >empty.parquet
run 1 run -q -c "SELECT * FROM read_parquet('empty.parquet')"
run 1 run -q -c "COPY demo.t FROM 'data'"
run 1 run -q -c "COPY demo.t TO '/proc/nowhere/x.csv'"
err_has 'cannot make the folder /proc/nowhere'
refused "SELECT * FROM read_csv('data/one.csv', nope => 1)" 42883 'read_csv has no option "nope"'
refused "COPY demo.t FROM 'all.csv' WITH (NOPE 1)" 0A000 'COPY has no option "nope"'
refused "COPY demo.t FROM 'all.csv' WITH (FORMAT text)" 0A000 'COPY format "text" is not supported; use csv or parquet'
refused "COPY demo.t FROM 'all.csv' WITH (DELIMITER ';;')" 22023 'delimiter must be one single-byte character'
refused "COPY demo.t FROM PROGRAM 'ls'" 0A000 'COPY with PROGRAM is not supported'
csv -c "SELECT count(*) AS n FROM demo.t"
out_is 'n
10'
