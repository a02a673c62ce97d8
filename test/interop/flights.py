"""flights.py FIRN CSV - examples/flights.sql judged by DuckDB and exact rationals."""
import os, subprocess, sys, tempfile
from fractions import Fraction
import duckdb
from pyiceberg.catalog.sql import SqlCatalog

firn, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/flights.sql")

with tempfile.TemporaryDirectory() as work:
    subprocess.run([firn, "init", "-q"], cwd=work, check=True)
    subprocess.run([firn, "run", "-q", script, "-v", f"csv={source}"], cwd=work, check=True)
    c = SqlCatalog("lakehouse", uri=f"sqlite:///{work}/firn.db", warehouse=f"file://{work}/warehouse")
    raw = c.load_table("nyc.flights").scan().to_arrow()
    summary = c.load_table("nyc.daily_carrier").scan().to_arrow()

assert raw.num_rows == 336776, raw.num_rows
con = duckdb.connect()
judge = con.sql(f"""SELECT make_date(year::INT, month::INT, day::INT) AS flight_date, *
                    FROM read_csv('{source}', nullstr = 'NA')""").to_arrow_table()
for name in raw.column_names:
    got, want = raw.column(name).to_pylist(), judge.column(name).to_pylist()
    if name == "time_hour":  # an instant in both; DuckDB's reader may choose a type without zone
        got = [x.replace(tzinfo=None) for x in got]
        want = [x.replace(tzinfo=None) for x in want]
    assert got == want, f"column {name} differs from DuckDB's reading"

groups = {}
columns = [raw.column(n).to_pylist() for n in ("flight_date", "carrier", "dep_delay", "arr_delay", "distance", "dep_time")]
for day, carrier, dep, arr, distance, dep_time in zip(*columns):
    g = groups.setdefault((day, carrier), [0, 0, 0, None, 0, 0])
    g[0] += 1
    if dep is not None:
        g[1] += dep
        g[2] += 1
    if arr is not None:
        g[3] = arr if g[3] is None else max(g[3], arr)
    g[4] += distance
    g[5] += dep_time is None

assert summary.column_names == ["flight_date", "carrier", "flights", "mean_departure_delay", "worst_arrival_delay",
                                "distance", "cancelled"]
have = {tuple(r.values())[:2]: tuple(r.values())[2:] for r in summary.to_pylist()}
want = {}
for key, (n, total, counted, worst, distance, cancelled) in groups.items():
    mean = Fraction(total, counted) if counted else None
    want[key] = (n, mean.numerator / mean.denominator if mean is not None else None, worst, distance, cancelled)
assert have == want, "summary differs from exact rationals"

con.register("flights", judge)
duck = con.sql("""SELECT flight_date, carrier, count(*), max(arr_delay), sum(distance)::BIGINT,
                  count(*) FILTER (WHERE dep_time IS NULL) FROM flights GROUP BY ALL""").fetchall()
assert {r[:2]: r[2:] for r in duck} == {k: (v[0], v[2], v[3], v[4]) for k, v in have.items()}, "DuckDB differs"
print(f"ok: {len(have)} groups of {raw.num_rows} flights, cancelled {sum(v[4] for v in have.values())}")
