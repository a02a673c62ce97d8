#!/usr/bin/env bash
# guide.sh - the scripts that docs/user shows run as shown.
. "$(dirname "$0")/lib/cli.bash"
guide=$here/../../docs/user/guide.md

python3 - "$guide" "$here/../../README.md" <<'END'
import re, sys
blocks = re.findall(r"```sql\n(.*?)```", open(sys.argv[1]).read(), re.S)
daily, summary = (next(b for b in blocks if b.startswith(start)) for start in ("\\if :{?execution_date}", "CREATE OR REPLACE MATERIALIZED"))
open("daily.sql", "w").write(daily)
open("summary.sql", "w").write(summary)
open("readme.sql", "w").write(re.search(r"```sql\n(.*?)```", open(sys.argv[2]).read(), re.S)[1])
END
mkdir incoming
printf 'day,product,amount\n2025-01-16,a,1.5\n2025-01-16,b,2\n2025-01-17,a,9\n' >incoming/one.csv

run 0 init -q
run 0 run -q -c "CREATE SCHEMA demo; CREATE TABLE demo.sales (day date, product text, amount double precision);
                 INSERT INTO demo.sales VALUES (DATE '2025-01-15', 'a', 4)"
run 0 run -q summary.sql
for _ in 1 2; do # replacing a day twice changes nothing
    run 0 run -q daily.sql
    run 0 run -q --format csv -c "SELECT * FROM demo.sales_daily ORDER BY day, product"
    out_is 'day,product,n,revenue,highest
2025-01-15,a,1,4,4
2025-01-16,a,1,1.5,1.5
2025-01-16,b,1,2,2'
done
run 3 run -q daily.sql -v execution_date=2025-01-18
err_has 'no sales on 2025-01-18'
run 0 run -q daily.sql --run-id a -v execution_date=2025-01-17
run 0 run daily.sql --run-id a -v execution_date=2025-01-17
err_has 'transaction 1 was committed before by this run: skipped'

# the message that the guide shows
sed 's/product, amount FROM/product, amont FROM/' daily.sql >typo.sql
run 1 run -q typo.sql
python3 - "$guide" <<'END' || fail "the guide shows another message"
import sys
got = open("err").read().replace("typo.sql", "daily.sql")
want = open(sys.argv[1]).read()
for line in got.splitlines():
    if line not in want: print(repr(line)); sys.exit(1)
END

# README's pipeline
cp incoming/one.csv sales-1.csv
run 0 run -q readme.sql
run 0 run -q --format csv -c "SELECT count(*) AS n FROM demo.sales_daily"
out_is 'n
3'
