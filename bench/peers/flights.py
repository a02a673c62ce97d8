"""flights.py FOLDER CSV - flights into a table, summarised by day and carrier, checked, queried."""
import sys

import duckdb
from lake import catalog, show

folder, source = sys.argv[1:3]
lake = catalog(folder)
lake.create_namespace_if_not_exists("nyc")
db = duckdb.connect()
flights = db.sql(f"""SELECT make_date(year::INT, month::INT, day::INT) AS flight_date, *
                     FROM read_csv('{source}', nullstr = 'NA')""").to_arrow_table()
raw = lake.create_table("nyc.flights", flights.schema)
raw.append(flights)

stored = raw.scan().to_arrow()
daily = db.sql("""
    SELECT flight_date, carrier, count(*) AS flights, avg(dep_delay) AS mean_departure_delay,
           max(arr_delay) AS worst_arrival_delay, sum(distance)::BIGINT AS distance,
           count(*) FILTER (WHERE dep_time IS NULL) AS cancelled
    FROM stored GROUP BY flight_date, carrier ORDER BY flight_date, carrier""").to_arrow_table()
summary = lake.create_table("nyc.daily_carrier", daily.schema)
summary.append(daily)

daily = summary.scan().to_arrow()
bad = db.sql("SELECT count(*) FROM daily WHERE NOT (flights > 0 AND cancelled <= flights)").fetchall()[0][0]
assert bad == 0
assert db.sql("SELECT (SELECT sum(distance) FROM daily) = (SELECT sum(distance) FROM stored)").fetchall()[0][0]
show(db.sql("""SELECT carrier, sum(flights)::BIGINT, sum(cancelled)::BIGINT AS cancelled, sum(distance)::BIGINT,
                      max(worst_arrival_delay)
               FROM daily GROUP BY carrier ORDER BY cancelled DESC, carrier LIMIT 5""").fetchall())
