"""summary.py FIRN - summaries judged by exact rationals, pyarrow and PyIceberg.

    states    adversarial values: visible columns are correctly rounded, the hidden columns decode to
              the exact sums (docs/internals/exact-sums.md), digests are recomputed, coarser sums agree
    gate      what is refused leaves readers as they were; what is replaced stays invisible
    publish   transactions, raw tables that are not the ones of before
"""
import collections, ctypes, ctypes.util, datetime, decimal, hashlib, json, math, os, random, struct, subprocess, sys, tempfile
from fractions import Fraction
import pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog

FIRN = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
XXHASH = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")


class Lake:
    def __init__(self, folder):
        self.folder = folder
        subprocess.run([FIRN, "init", "-q"], cwd=folder, check=True)

    def run(self, sql, code=0):
        """Runs a script; returns what it said on standard error."""
        done = subprocess.run([FIRN, "run", "-q", "-c", sql], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == code, f"exit {done.returncode}, expected {code}: {sql}\n{done.stderr}"
        return done.stderr

    def query(self, sql):
        """The rows, as lists of text; NULL is None."""
        done = subprocess.run([FIRN, "run", "-q", "--format", "json", "-c", sql], cwd=self.folder,
                              capture_output=True, text=True)
        assert done.returncode == 0, f"{sql}\n{done.stderr}"
        rows = [json.loads(line, parse_float=str, parse_int=str) for line in done.stdout.splitlines()]
        return [list(r.values()) for r in rows if "outcome" not in r]

    def table(self, name):
        c = SqlCatalog("lakehouse", uri=f"sqlite:///{self.folder}/firn.db", warehouse=f"file://{self.folder}/warehouse")
        return c.load_table(name)

    def rows(self, name):
        return sorted(self.table(name).scan().to_arrow().to_pylist(), key=repr)


# ---- exact arithmetic ------------------------------------------------------------------------------------

def nearest(x):
    """The double nearest to a rational, ties to even; infinity where it rounds beyond."""
    try:
        return x.numerator / x.denominator
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def root(x):
    """sqrt of a rational, rounded once: 130 bits and a sticky one."""
    if x == 0:
        return 0.0
    shift = 2 * max(0, 200 - x.numerator.bit_length() + x.denominator.bit_length())
    top = (x.numerator << shift) // x.denominator
    r = math.isqrt(top)
    exact = r * r == top and (x.numerator << shift) % x.denominator == 0
    return nearest(Fraction(2 * r + (not exact), 2 << (shift // 2)))


def same(a, b):
    """Bit for bit; every NaN is one."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isnan(a) and math.isnan(b) or struct.pack("<d", a) == struct.pack("<d", b)
    return type(a) is type(b) and a == b


def special(values):
    n, p, m = sum(map(math.isnan, values)), values.count(math.inf), values.count(-math.inf)
    return n, p, m, sum((Fraction(v) for v in values if math.isfinite(v)), Fraction(0))


def double_sum(values):
    if not values:
        return None
    n, p, m, s = special(values)
    if n or p and m:
        return math.nan
    return math.inf if p else -math.inf if m else nearest(s) + 0.0


def double_avg(values):
    if not values:
        return None
    n, p, m, s = special(values)
    return nearest(s / len(values)) + 0.0 if not (n or p or m) else double_sum(values)


def variance(values, sample):
    if len(values) <= sample:
        return None
    if not all(map(math.isfinite, values)):
        return math.nan
    xs = [Fraction(v) for v in values]
    return (sum(x * x for x in xs) - sum(xs) ** 2 / len(xs)) / (len(xs) - sample)


def order(v):
    return (math.isnan(v), 0.0 if math.isnan(v) else v, math.copysign(1, v))


def leb(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def long_form(data):
    n, at = leb(data, 0)
    p, at = leb(data, at)
    m, at = leb(data, at)
    z, at = leb(data, at)
    exponent = z >> 1 ^ -(z & 1)
    integer = int.from_bytes(data[at:], "little", signed=True)
    assert integer & 1 or not data[at:] and exponent == 0, "the integer must be odd, or absent"
    return n, p, m, integer * Fraction(2) ** exponent


# ---- digests ---------------------------------------------------------------------------------------------

class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


XXHASH.XXH3_128bits.restype = Hash128
XXHASH.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def canonical(field, value):
    out = struct.pack("<I?", field, value is not None)
    if value is None:
        return out
    if isinstance(value, float):
        return out + struct.pack("<d", value if not math.isnan(value) else struct.unpack("<d", b"\0\0\0\0\0\0\xf8\x7f")[0])
    if isinstance(value, (bool, int)):
        return out + struct.pack("<q", value)
    if isinstance(value, datetime.date):
        return out + struct.pack("<q", (value - datetime.date(1970, 1, 1)).days)
    if isinstance(value, decimal.Decimal):
        return out + int(value.scaleb(-value.as_tuple().exponent, decimal.Context(60))).to_bytes(16, "little", signed=True)
    data = value.encode() if isinstance(value, str) else value
    return out + struct.pack("<Q", len(data)) + data


def digest(rows, fields):
    total = 0
    for row in rows:
        data = b"".join(canonical(f, v) for f, v in zip(fields, row))
        h = XXHASH.XXH3_128bits(data, len(data))
        total += h.high << 64 | h.low
    return f"{total % 2**128:032x}"


# ---- states ----------------------------------------------------------------------------------------------

COLUMNS = "k bigint, t text, x double precision, i bigint, d decimal(12,2)"
DOUBLES = [1e308, -1e308, 1.7976931348623157e308, 2.0**53 + 2, 2.0**53, 1.0, -1.0, 5e-324, -5e-324, 2.2250738585072014e-308,
           0.1, 0.1, 0.1, 0.2, -0.0, 0.0, 1e16, 1e-16, 3.0**-200, -(2.0**-1000), None]


def raw_rows(rng):
    """Groups of ordinary numbers, of numbers that break sums, and of NaN and infinities."""
    out = []
    for k in [None, 0, 1, 2, 3, 4, 5, 6, 7, -2**63]:
        for t in [None, "", "a", "é"]:
            for _ in range(rng.randrange(1, 30)):
                if k == 0:
                    x = rng.choice([0.1, 0.2, 19.99, None])
                elif k == 1:
                    x = None
                elif k == 2:
                    x = rng.choice([math.nan, math.inf, -math.inf, 1.5, 1e300])
                elif k == 3:
                    x = rng.choice([math.inf, 1.0])
                elif k == 4:
                    x = -0.0
                elif k == 5:
                    x = rng.uniform(-1, 1) * 2.0 ** rng.randrange(-1070, 1020)
                elif k == 6:
                    x = rng.choice([1.7976931348623157e308, 1e308])
                else:
                    x = rng.choice(DOUBLES)
                i = rng.choice([rng.randrange(-2**59, 2**59), None, 7])
                d = rng.choice([decimal.Decimal(rng.randrange(-10**12 + 1, 10**12)).scaleb(-2), None])
                out.append((k, t, x, i, d))
        if k == 7:  # integers whose sum passes bigint on the way and comes back
            out += [(k, "a", None, v, None) for v in (2**63 - 1, 2**63 - 1, -2**63, -2**63 + 2)]
    rng.shuffle(out)
    return out


def load(lake, rows, table="demo.raw"):
    path = os.path.join(lake.folder, "raw.csv")
    word = {math.inf: "Infinity", -math.inf: "-Infinity"}
    with open(path, "w") as f:
        f.write("k,t,x,i,d\n")
        for k, t, x, i, d in rows:
            text = "NaN" if x is not None and math.isnan(x) else "" if x is None else word.get(x, repr(x))
            quoted = "" if t is None else f'"{t}"'
            f.write(f"{'' if k is None else k},{quoted},{text},{'' if i is None else i},{'' if d is None else d}\n")
    lake.run(f"COPY {table} FROM '{path}' (FORMAT csv, HEADER true)")


FULL = """SELECT k, t, count(*) AS n, sum(x) AS sx, avg(x) AS ax, min(x) AS lo, max(x) AS hi, count(x) AS cx,
    var_samp(x) AS vx, stddev_pop(x) AS dx, sum(x) FILTER (WHERE i > 0) AS fx, sum(i) AS si, avg(i) AS ai, avg(d) AS ad,
    sum(d) AS sd FROM demo.raw WHERE i IS DISTINCT FROM 7 GROUP BY k, t"""
AVERAGES = "SELECT t, avg(x) AS ax, stddev_samp(i) AS di, avg(i) AS ai, avg(d) AS ad FROM demo.raw GROUP BY t"


def files_of(lake, name):
    """Data files' rows with every column by field id, and the table's properties."""
    table = lake.table(name)
    rows, fields = [], None
    for path in table.inspect.data_files().column("file_path").to_pylist():
        file = pyarrow.parquet.ParquetFile(path.removeprefix("file://"))
        fields = [int(f.metadata[b"PARQUET:field_id"]) for f in file.schema_arrow]
        names = file.schema_arrow.names
        rows += [tuple(r.values()) for r in file.read().to_pylist()]
    return table, rows, fields, names


def stored(table):
    """What stands in the properties, as one object."""
    return json.loads(table.properties["firn.definition"]) | {k: json.loads(table.properties[f"firn.{k}"]) for k in ("states", "checks")}


def check_properties(table):
    own = {k.removeprefix("firn.") for k in table.properties if k.startswith("firn.")} - {"publishes"}
    assert own == {"definition", "states", "checks", "definition-hash", "version", "snapshot-id", "rows-digest", "states-digest", "epochs"}, own
    texts = table.properties["firn.definition"] + table.properties["firn.states"]
    assert table.properties["firn.definition-hash"] == hashlib.sha256(texts.encode()).hexdigest()
    assert table.properties["firn.version"] == "1"
    assert not any("_firn_" in v for v in table.properties.values()), "no property names a state column"
    assert all(set(s) == {"kind", "argument", "type", "id"} for s in stored(table)["states"])
    assert all(set(c) == {"name", "check"} for c in stored(table)["checks"])


def check_digests(lake, name):
    table, rows, fields, names = files_of(lake, name)
    check_properties(table)
    definition = stored(table)
    visible = len(definition["columns"])
    assert [f.field_id for f in table.schema().fields] == fields[:visible] == [c["id"] for c in definition["columns"]]
    assert [f.name for f in table.schema().fields] == names[:visible]
    assert fields[visible:] == [s["id"] for s in definition["states"]]
    assert names[visible:] == [f"_firn_{i}" for i in fields[visible:]]
    assert min(fields[visible:]) > max(fields[:visible]) and max(fields) <= table.metadata.last_column_id
    assert table.properties["firn.rows-digest"] == digest([r[:visible] for r in rows], fields), f"{name}: rows digest"
    assert table.properties["firn.states-digest"] == digest(rows, fields), f"{name}: states digest"
    for key in ("firn.rows-digest", "firn.states-digest"):  # with the snapshot, too: older ones can be verified
        assert table.current_snapshot().summary[key] == table.properties[key], f"{name}: {key} of the snapshot"
    assert int(table.properties["firn.snapshot-id"]) == table.current_snapshot().snapshot_id
    assert "firn.pending" not in table.properties
    done = subprocess.run([sys.executable, os.path.join(HERE, "check_numbers.py"), table.metadata_location.removeprefix("file://")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for file in table.inspect.data_files().to_pylist():
        counted, low = dict(file["value_counts"]), dict(file["lower_bounds"])
        assert all(counted[i] == file["record_count"] for i in fields), "every column has its value count"
        assert not set(low) & set(fields[visible:]), "states have no bounds"
    return definition, rows, visible


def states(definition, visible, row, argument):
    return {s["kind"].removeprefix("state_"): v for s, v in zip(definition["states"], row[visible:]) if s["argument"] == argument}


def check_double_states(s1, held, values, total):
    """The stored forms of a double sum against the values it was made of."""
    n, p, m, exact = special(values)
    assert held["missing"] == total - len(values), (held, len(values), total)
    short = not (n or p or m) and math.isfinite(nearest(exact))
    if short:
        first = nearest(exact)
        rest = nearest(exact - Fraction(first))
        short = Fraction(first) + Fraction(rest) == exact
    if not values:
        assert s1 is None
    if short and values:
        assert same(s1, first + 0.0) and same(held["rest"], rest + 0.0) and held["more"] is None, (s1, held, first, rest)
        assert Fraction(s1) + Fraction(held["rest"]) == exact
    elif values:
        assert held["rest"] is None and long_form(held["more"]) == (n, p, m, exact), held
    return short


def check_full(lake, raw):
    groups = collections.defaultdict(list)
    for r in raw:
        if r[3] != 7:
            groups[r[:2]].append(r)
    definition, rows, visible = check_digests(lake, "demo.s")
    argument = {c["name"]: c.get("argument") for c in definition["columns"]}
    assert {s["kind"].removeprefix("state_") for s in definition["states"]} == {"missing", "rest", "more", "squares"}, definition["states"]
    assert len(rows) == len(groups), (len(rows), len(groups))
    short = 0
    for row in rows:
        k, t, n, sx, ax, lo, hi, cx, vx, dx, fx, si, ai, ad, sd = row[:visible]
        g = groups.pop((k, t))
        xs, ints = [r[2] for r in g if r[2] is not None], [r[3] for r in g if r[3] is not None]
        ds, filtered = [r[4] for r in g if r[4] is not None], [r[2] for r in g if r[2] is not None and r[3] is not None and r[3] > 0]
        var, pop = variance(xs, 1), variance(xs, 0)
        want = [len(g), double_sum(xs), double_avg(xs), min(xs, key=order, default=None), max(xs, key=order, default=None),
                len(xs), nearest(var) if isinstance(var, Fraction) else var, root(pop) if isinstance(pop, Fraction) else pop,
                double_sum(filtered), sum(ints) if ints else None, nearest(Fraction(sum(ints), len(ints))) + 0.0 if ints else None]
        got = [n, sx, ax, lo, hi, cx, vx, dx, fx, si, ai]
        for i, (a, b) in enumerate(zip(got, want)):
            assert same(a, b), f"group {k, t}: {definition['columns'][2 + i]['name']} is {a!r}, exact {b!r}"
        assert sd == (sum(ds) if ds else None), (k, t, sd)
        if ds:
            q = Fraction(sum(ds)) / len(ds) * 10**6
            up = (2 * abs(q.numerator) + q.denominator) // (2 * q.denominator)
            assert int(ad.scaleb(6)) == (up if q > 0 else -up), (k, t, ad)
        short += check_double_states(sx, states(definition, visible, row, argument["sx"]), xs, len(g))
        short += check_double_states(fx, states(definition, visible, row, argument["fx"]), filtered, len(g))
        assert states(definition, visible, row, argument["si"])["missing"] == len(g) - len(ints)
    assert not groups
    assert 0 < short < 2 * len(rows), "both forms must be met"


def check_averages(lake, raw):
    """No sum is visible, so s1, the decimal sums and the row count are hidden too."""
    definition, rows, visible = check_digests(lake, "demo.a")
    argument = {c["name"]: c.get("argument") for c in definition["columns"]}
    for row in rows:
        g = [r for r in raw if r[1] == row[0]]
        xs, ints, ds = ([r[c] for r in g if r[c] is not None] for c in (2, 3, 4))
        assert same(row[1], double_avg(xs)) and same(row[3], nearest(Fraction(sum(ints), len(ints))) + 0.0)
        assert same(row[2], root(variance([Fraction(v) for v in ints], 1))), row[2]
        assert states(definition, visible, row, -1) == {"count_rows": len(g)}
        held = states(definition, visible, row, argument["ax"])
        check_double_states(held["s1"], held, xs, len(g))
        held = states(definition, visible, row, argument["ai"])
        assert held["sum"] == sum(ints) and held["missing"] == len(g) - len(ints)
        assert states(definition, visible, row, argument["ad"])["sum"] == sum(ds)


def state_tests(lake, seed):
    raw = raw_rows(random.Random(seed))
    half = len(raw) // 2
    lake.run(f"CREATE SCHEMA IF NOT EXISTS demo; DROP TABLE IF EXISTS demo.raw; CREATE TABLE demo.raw ({COLUMNS})")
    load(lake, raw[:half])
    load(lake, raw[half:])
    lake.run(f"CREATE OR REPLACE MATERIALIZED VIEW demo.s AS {FULL}; CREATE OR REPLACE MATERIALIZED VIEW demo.a AS {AVERAGES};"
             "REFRESH MATERIALIZED VIEW demo.s; REFRESH MATERIALIZED VIEW demo.a")
    check_full(lake, raw)
    check_averages(lake, raw)
    before = lake.table("demo.s").properties
    lake.run("SET firn.refresh_mode = 'full'; REFRESH MATERIALIZED VIEW demo.s")
    after = lake.table("demo.s").properties
    for key in ("firn.rows-digest", "firn.states-digest", "firn.definition-hash", "firn.definition", "firn.states", "firn.checks"):
        assert before[key] == after[key], f"{key} differs after a second refresh"
    assert before["firn.snapshot-id"] != after["firn.snapshot-id"]
    where = "FROM demo.raw WHERE i IS DISTINCT FROM 7"
    for fine, coarse in ((f"SELECT k, sum(sx) FROM demo.s GROUP BY k ORDER BY k", f"SELECT k, sum(x) {where} GROUP BY k ORDER BY k"),
                         (f"SELECT t, sum(fx) FROM demo.s GROUP BY t ORDER BY t",
                          f"SELECT t, sum(x) FILTER (WHERE i > 0) {where} GROUP BY t ORDER BY t"),
                         ("SELECT sum(sx) FROM demo.s WHERE k IN (0, 5)", f"SELECT sum(x) {where} AND k IN (0, 5)")):
        assert lake.query(fine) == lake.query(coarse), f"{fine} differs from raw"
    for key in (0, 5):
        xs = [r[2] for r in raw if r[0] == key and r[2] is not None and r[3] != 7]
        assert same(float(lake.query(f"SELECT sum(sx) FROM demo.s WHERE k = {key}")[0][0]), double_sum(xs))


# ---- the gate --------------------------------------------------------------------------------------------

SALES = "SELECT day, sum(amount) AS total, count(*) AS n, max(note) AS note FROM demo.sales GROUP BY day"


def sales(lake):
    """0.1 three times a day: the sum of the days' rounded totals is not the rounded sum."""
    lake.run("CREATE SCHEMA demo; CREATE TABLE demo.sales (day date, amount double precision, note text)")
    lake.run("INSERT INTO demo.sales VALUES " + ", ".join(f"(DATE '2025-01-{1 + i // 3:02d}', 0.1, NULL)" for i in range(30)))
    lake.run(f"CREATE MATERIALIZED VIEW demo.daily AS {SALES}")


def alter(lake, change, code=0):
    return lake.run(f"ALTER MATERIALIZED VIEW demo.daily {change}", code)


def refresh(lake, code=0):
    return lake.run("REFRESH MATERIALIZED VIEW demo.daily", code)


def gate_tests(lake):
    sales(lake)
    alter(lake, "ADD CONSTRAINT few CHECK (n <= 2)")
    said = refresh(lake, 3)
    assert '"few" CHECK' in said and "2025-01-01" in said and "nothing was published" in said, said
    assert lake.table("demo.daily").current_snapshot() is None and lake.rows("demo.daily") == [], "a first refusal leaves no row"
    assert lake.query("SELECT count(*) FROM demo.daily") == [["0"]]
    alter(lake, "ADD CONSTRAINT few CHECK (n > 0)", 1)  # the name is taken
    alter(lake, "ADD CONSTRAINT none CHECK (nothing > 0)", 1)  # no such column
    alter(lake, "DROP CONSTRAINT none", 1)
    alter(lake, "DROP CONSTRAINT IF EXISTS none")
    alter(lake, "DROP CONSTRAINT few")
    alter(lake, "ADD CONSTRAINT unknown CHECK (note > 'a')")  # NULL everywhere: passes
    alter(lake, "ADD CONSTRAINT three CHECK (n = 3)")
    alter(lake, "ADD CONSTRAINT totals CHECK ((SELECT sum(total) FROM summary) = (SELECT sum(amount) FROM raw))")
    alter(lake, "ADD CONSTRAINT counts CHECK ((SELECT sum(n) FROM summary) = (SELECT count(*) FROM raw) -- every row\n)")
    assert math.fsum([0.1 + 0.1 + 0.1] * 10) != double_sum([0.1] * 30), "the case must tell sums of sums from the sum"
    refresh(lake)
    old, snapshot = lake.rows("demo.daily"), lake.table("demo.daily").current_snapshot().snapshot_id
    assert len(old) == 10 and all(same(r["total"], double_sum([0.1] * 3)) for r in old)

    def unchanged():
        assert lake.table("demo.daily").current_snapshot().snapshot_id == snapshot and lake.rows("demo.daily") == old
        assert lake.query("SELECT count(*) FROM demo.daily") == [["10"]]

    lake.run("INSERT INTO demo.sales VALUES (DATE '2025-02-01', 5, repeat('long ', 200000))")
    said = refresh(lake, 3)
    assert '"three"' in said and "2025-02-01" in said and "2025-01-01" not in said and len(said) < 2000, said
    unchanged()
    lake.run("DELETE FROM demo.sales WHERE day = DATE '2025-02-01'")
    alter(lake, "ADD CONSTRAINT much CHECK ((SELECT sum(amount) FROM raw) > 1000)")
    assert '"much"' in refresh(lake, 3)
    unchanged()
    alter(lake, "DROP CONSTRAINT much")
    lake.run("BEGIN; DELETE FROM demo.sales; REFRESH MATERIALIZED VIEW demo.daily; COMMIT", 3)  # the guard
    unchanged()
    assert lake.query("SELECT count(*) FROM demo.sales") == [["30"]], "the staged DELETE went with the refused refresh"

    # OR REPLACE: invisible until the next refresh, and without the constraints of before
    lake.run("CREATE OR REPLACE MATERIALIZED VIEW demo.daily AS SELECT count(*) AS n, sum(amount * 2) AS total, day AS d "
             "FROM demo.sales WHERE day < DATE '2025-01-03' GROUP BY day")
    unchanged()
    table = lake.table("demo.daily")
    assert [f.name for f in table.schema().fields] == ["day", "total", "n", "note"] and "firn.pending" in table.properties
    assert json.loads(table.properties["firn.pending"])["checks"] == []
    states = {s["id"] for s in stored(table)["states"]}
    assert stored(table)["checks"] != [], "published constraints stay until then"
    version = refresh_state(lake, "demo.daily")["view-version-id"]
    lake.run("INSERT INTO demo.sales VALUES (DATE '2025-01-01', 0.7, 'x')")  # four on that day: "three" would refuse
    refresh(lake)
    table = lake.table("demo.daily")
    assert [f.name for f in table.schema().fields] == ["n", "total", "d"]
    assert [r["n"] for r in sorted(lake.rows("demo.daily"), key=lambda r: r["d"])] == [4, 3]
    check_digests(lake, "demo.daily")
    assert not states & {s["id"] for s in stored(table)["states"]}, "ids are never used again"
    assert stored(table)["checks"] == []
    assert refresh_state(lake, "demo.daily")["view-version-id"] == version + 1 == stored(table)["view-version"]
    past = lake.query(f'SELECT sum(total) FROM demo."daily@{snapshot}"')
    assert same(float(past[0][0]), double_sum([double_sum([0.1] * 3)] * 10)), "the past has other states: its visible totals count"


# ---- publication -----------------------------------------------------------------------------------------

def refresh_state(lake, name):
    """Under the names of apache/iceberg#11041, each required one."""
    state = json.loads(lake.table(name).current_snapshot().summary["refresh-state"])
    assert set(state) == {"view-version-id", "source-states", "refresh-start-timestamp-ms"}, state
    assert len(state["source-states"]) == 1
    assert set(state["source-states"][0]) == {"type", "namespace", "name", "uuid", "snapshot-id", "ref"}, state
    return state


def source(lake, name):
    return refresh_state(lake, name)["source-states"][0]


def publish_tests(lake):
    sales(lake)
    refresh(lake)
    lake.run("CREATE MATERIALIZED VIEW demo.all_days AS SELECT day IS NULL AS unknown, sum(amount) AS total FROM demo.sales GROUP BY 1")
    lake.run("BEGIN; INSERT INTO demo.sales VALUES (DATE '2025-03-01', 2.5, NULL); REFRESH MATERIALIZED VIEW demo.daily;"
             "REFRESH MATERIALIZED VIEW demo.all_days; COMMIT")
    raw = lake.table("demo.sales")
    state = refresh_state(lake, "demo.daily")
    made = lake.table("demo.daily").current_snapshot().timestamp_ms
    assert state["view-version-id"] == 1 and made - 60000 < state["refresh-start-timestamp-ms"] <= made
    assert {k: source(lake, "demo.daily")[k] for k in ("type", "namespace", "name", "ref")} == {
        "type": "table", "namespace": ["demo"], "name": "sales", "ref": "main"}
    for name in ("demo.daily", "demo.all_days"):
        assert source(lake, name)["snapshot-id"] == raw.current_snapshot().snapshot_id and source(lake, name)["uuid"] == str(raw.metadata.table_uuid)
    assert lake.query("SELECT total FROM demo.daily WHERE day = DATE '2025-03-01'") == [["2.5"]]
    lake.run("BEGIN; INSERT INTO demo.sales VALUES (DATE '2025-04-01', 1, NULL); REFRESH MATERIALIZED VIEW demo.daily; ROLLBACK")
    assert lake.table("demo.sales").current_snapshot().snapshot_id == raw.current_snapshot().snapshot_id
    assert lake.query("SELECT count(*) FROM demo.daily WHERE day = DATE '2025-04-01'") == [["0"]]

    # appends while refreshes run: each refresh covers some snapshot of raw, wholly
    writer = subprocess.Popen([FIRN, "run", "-q", "-c", "INSERT INTO demo.sales VALUES (DATE '2025-05-01', 1, NULL);" * 8], cwd=lake.folder)
    while writer.poll() is None:
        refresh(lake)
        covered = source(lake, "demo.daily")["snapshot-id"]
        rows = lake.table("demo.sales").scan(snapshot_id=covered).to_arrow().num_rows
        assert sum(r["n"] for r in lake.rows("demo.daily")) == rows, "a summary covers one snapshot"
    assert writer.returncode == 0
    refresh(lake)
    assert lake.query("SELECT sum(n) FROM demo.daily") == [["39"]]

    # another table under the old name
    before = lake.rows("demo.daily")
    old = str(lake.table("demo.sales").metadata.table_uuid)
    lake.run("DROP TABLE demo.sales; CREATE TABLE demo.sales (day date, amount double precision, note text)")
    lake.run("INSERT INTO demo.sales VALUES (DATE '2025-01-01', 1, NULL)")
    said = refresh(lake, 1)
    assert old in said and str(lake.table("demo.sales").metadata.table_uuid) in said, said
    assert lake.rows("demo.daily") == before
    lake.run("DROP TABLE demo.sales")
    refresh(lake, 1)
    assert lake.rows("demo.daily") == before


if __name__ == "__main__":
    for test in (gate_tests, publish_tests):
        with tempfile.TemporaryDirectory() as work:
            test(Lake(work))
    for seed in range(int(os.environ.get("FIRN_TEST_CASES", "3"))):
        with tempfile.TemporaryDirectory() as work:
            state_tests(Lake(work), seed)
    print("ok: states, gate, publication")
