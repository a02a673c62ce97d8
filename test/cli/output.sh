#!/usr/bin/env bash
# output.sh - results in every format. The aligned and expanded tables are what psql 15 prints.
. "$(dirname "$0")/lib/cli.bash"

run 0 run -q "$here/output_table.sql"
same_as output_table.aligned
run 0 run -q "$here/output_expanded.sql"
same_as output_expanded.aligned
for format in csv json markdown; do
    run 0 run -q --format "$format" "$here/output_table.sql"
    same_as "output_table.$format"
done
err_is_empty

# \gx expands one result, \x all from there on
run 0 run -q -c 'SELECT 1 AS a \gx' -c 'SELECT 1 AS a; \x' -c 'SELECT 2 AS b;'
out_is '-[ RECORD 1 ]
a | 1

 a 
---
 1
(1 row)

-[ RECORD 1 ]
b | 2'

# timestamps with time zone in the session's zone, which is never TZ
run 0 run -q -f csv -c "SELECT '2025-07-01 12:00+00'::timestamptz AS t; SET timezone = 'Europe/Berlin'; SELECT '2025-07-01 12:00+00'::timestamptz AS t;"
out_is 't
2025-07-01 12:00:00+00
t
2025-07-01 14:00:00+02'
run 0 run -q -f csv --timezone Asia/Tokyo -c "SELECT '2025-07-01 12:00+00'::timestamptz AS t"
out_is 't
2025-07-01 21:00:00+09'

# numbers that JSON cannot hold are texts
run 0 run -f json -c "SELECT 'NaN'::float8 AS a, '-Infinity'::float8 AS b, 9223372036854775807 AS c, 1.10 AS d"
out_has '{"a":"NaN","b":"-Infinity","c":9223372036854775807,"d":1.10}'

# arrow takes one result
run 2 run -f arrow -c 'SELECT 1' -c 'SELECT 2'
err_has 'takes a single result'

# a reader that went away is an error, no crash
set +o pipefail
"$firn" run -f csv -c "SELECT * FROM sample_sales(days => 200)" 2>err | head -n 1 >out
out_is 'transaction_date,product_id,quantity,unit_price,amount'
err_has 'standard output: Broken pipe'
