#!/usr/bin/env bash
# demo.sh - firn demo: what it prints, its parameters, its refusal, its timing.
. "$(dirname "$0")/lib/cli.bash"

run 0 demo --print
cmp -s out "$here/../../examples/batch_aggregation.sql" || fail "--print is not examples/batch_aggregation.sql"
run 0 demo
same_as demo.aligned
err_has 'made an embedded lakehouse in firn-demo'
run 0 demo -q # again: the same tables, the same values
same_as demo.aligned
err_is_empty

# the script by hand, in a lakehouse of the user's
mkdir mine
run 0 init -q mine
run 0 run -q --config mine/firn.yaml "$here/../../examples/batch_aggregation.sql"
same_as demo.aligned

# other parameters: a refused block leaves the old tables
run 3 demo -q -v days=4
err_has 'Expected 9 daily summaries (3 days x 3 products), got 12'
run 0 run -q --config firn-demo/firn.yaml -f csv -c "SELECT count(*) AS n FROM demo.sales_daily_summary"
out_is 'n
9'
run 0 demo -q -v days=4 -v enable_validation=False
out_has 'Validation skipped'
out_has 'Aggregated 1332 transactions -> 12 daily summaries'
run 0 demo -q other -v database_name=mart -v raw_transactions_table='raw t' -v daily_summary_table=daily \
    -v environment=production -v execution_date=2025-02-01 -v seed=7 -v rows_per_day=500 -v enable_validation=False
out_has 'firn initialized for batch aggregation: Pattern-1.6-BatchAgg-production, execution date 2025-02-01'
run 0 run -q --config other/firn.yaml -f csv -c "SELECT count(*) AS n FROM mart.\"raw t\"" -c "SELECT sum(transaction_count) AS n FROM mart.daily"
out_is 'n
1500
n
1500'
run 0 demo -q -v enable_cleanup=True
out_has 'Cleanup completed'
run 0 run -q --config firn-demo/firn.yaml -f csv -c "SHOW tables"
out_is 'schema_name,table_name'

# both queries on more rows
run 0 demo --rows 100000
out_has 'Both queries on 100000 sample rows:'
grep -Eq '^query 1, raw +100000 +[0-9.]+ +[0-9.]+$' out || fail "no line of query 1"
grep -Eq '^query 2, summary +9 +[0-9.]+ +[0-9.]+$' out || fail "no line of query 2"
grep -Eq '^ratio +11111.1x +[0-9.]+x +[0-9.]+x$' out || fail "no line of ratios"
run 2 demo nowhere --rows many
err_has '--rows takes 1 to 1000000000, not "many"'
[ ! -e nowhere ] || fail "a folder was made for a mistake"
