-- batch_aggregation.sql - raw transactions -> daily summaries per product -> dashboard queries.
--
-- Run by `firn demo`, or by hand:
--     firn run batch_aggregation.sql -v environment=production -v enable_cleanup=True
-- Everything between BEGIN and COMMIT becomes visible in one step, or not at all.

\set ON_ERROR_STOP on

-- Parameters: each has a default that -v overrides.
\if :{?execution_date}         \else \set execution_date 2025-01-16                        \endif
\if :{?environment}            \else \set environment development                          \endif
\if :{?database_name}          \else \set database_name demo                               \endif
\if :{?raw_transactions_table} \else \set raw_transactions_table sales_transactions_raw    \endif
\if :{?daily_summary_table}    \else \set daily_summary_table sales_daily_summary          \endif
\if :{?enable_validation}      \else \set enable_validation True                           \endif
\if :{?enable_cleanup}         \else \set enable_cleanup False                             \endif
-- The generated sample: random.seed(42), three days of 333 rows.
\if :{?seed}                   \else \set seed 42                                          \endif
\if :{?days}                   \else \set days 3                                           \endif
\if :{?rows_per_day}           \else \set rows_per_day 333                                 \endif

\set app Pattern-1.6-BatchAgg- :environment
SET application_name = :'app';
\echo firn initialized for batch aggregation: :app, execution date :execution_date

CREATE SCHEMA IF NOT EXISTS :"database_name";

BEGIN;

-- Raw transactions: high-volume data
CREATE OR REPLACE TABLE :"database_name".:"raw_transactions_table" AS
SELECT * FROM sample_sales(seed => :seed, start => DATE '2025-01-14', days => :days,
                           rows_per_day => :rows_per_day);

SELECT count(*) AS raw_rows FROM :"database_name".:"raw_transactions_table" \gset
\echo Generated :raw_rows raw transactions
\echo
\echo Sample transactions:
SELECT * FROM :"database_name".:"raw_transactions_table" LIMIT 10;

-- Aggregate and store: the summary is defined once and refreshed from then on
CREATE OR REPLACE MATERIALIZED VIEW :"database_name".:"daily_summary_table" AS
SELECT transaction_date,
       product_id,
       count(*)      AS transaction_count,
       sum(quantity) AS total_quantity,
       sum(amount)   AS total_revenue,
       avg(amount)   AS avg_transaction_value,
       max(amount)   AS max_transaction_value,
       min(amount)   AS min_transaction_value
FROM :"database_name".:"raw_transactions_table"
GROUP BY transaction_date, product_id;

ALTER MATERIALIZED VIEW :"database_name".:"daily_summary_table"
    ADD CONSTRAINT has_rows CHECK (transaction_count > 0);
ALTER MATERIALIZED VIEW :"database_name".:"daily_summary_table"
    ADD CONSTRAINT totals_match
    CHECK ((SELECT sum(total_revenue) FROM summary) = (SELECT sum(amount) FROM raw));

REFRESH MATERIALIZED VIEW :"database_name".:"daily_summary_table";

SELECT count(*) AS summary_rows,
       round(:raw_rows::numeric / count(*), 1) || 'x' AS reduction
FROM :"database_name".:"daily_summary_table" \gset
\echo Aggregated :raw_rows transactions -> :summary_rows daily summaries
\echo Data reduction: :reduction compression
\echo
\echo Daily summaries:
SELECT * FROM :"database_name".:"daily_summary_table" ORDER BY transaction_date, product_id;

-- Validation: run-time expectations. A failed one ends the run with exit code 3; nothing is published.
\if :enable_validation
SELECT assert(count(*) = 9, 'Expected 9 daily summaries (3 days x 3 products), got ' || count(*)) AS ok
FROM :"database_name".:"daily_summary_table" \gset

SELECT sum(total_revenue) AS summary_total FROM :"database_name".:"daily_summary_table" \gset
SELECT to_char(sum(amount), 'FM999,999,999,999,990.00') AS raw_total_text,
       assert(abs(sum(amount) - :summary_total) < 0.01, 'Raw and summary totals should match') AS ok
FROM :"database_name".:"raw_transactions_table" \gset

SELECT assert(:raw_rows::numeric / :summary_rows > 50, 'Should have significant data reduction') AS ok \gset
\endif

COMMIT;

\echo Stored daily summaries in :database_name.:daily_summary_table
\echo Dashboards can now query pre-computed summaries instead of raw transactions!
\echo

-- Query performance comparison
\echo Query 1: Total revenue per product (from RAW data):
SELECT product_id, sum(amount) AS total_revenue
FROM :"database_name".:"raw_transactions_table"
GROUP BY product_id ORDER BY product_id;
\set raw_scanned :ROWS_READ
\echo Scanned :raw_scanned raw transaction rows
\echo

\echo Query 2: Total revenue per product (from SUMMARY - FAST!):
SELECT product_id, sum(total_revenue) AS total_revenue
FROM :"database_name".:"daily_summary_table"
GROUP BY product_id ORDER BY product_id;
\set summary_scanned :ROWS_READ
SELECT round(:raw_scanned::numeric / :summary_scanned, 1) || 'x' AS fewer \gset
\echo Scanned only :summary_scanned summary rows
\echo :fewer fewer rows to scan!
\echo

\if :enable_validation
\echo :summary_rows daily summaries created (3 days x 3 products)
\echo Aggregation accuracy verified: $:raw_total_text (both methods)
\echo Data reduction: :reduction (query performance boost)
\echo
\echo All validations passed!
\else
\echo Validation skipped
\endif
\echo

\if :enable_cleanup
DROP TABLE IF EXISTS :"database_name".:"raw_transactions_table";
DROP MATERIALIZED VIEW IF EXISTS :"database_name".:"daily_summary_table";
\echo Cleanup completed
\else
\echo Cleanup skipped
\endif
