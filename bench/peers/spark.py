"""spark.py - Spark for measuring: a session that stays warm, asked by lines of JSON.

`with Spark(python) as spark:` starts it; spark.notebook() runs the pattern's notebook in it (whose session is then the one
that is asked), spark.ask(sql) one statement. Both give (wall s, CPU s, peak MB, rows): the clock stands around the call
that a user of Spark makes; CPU and peak resident memory are those of Spark's own Java process. No option is changed that a
user would have to know of: only the heap, and no web page."""
import contextlib
import glob
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HEAP = "4g"


def cost_of(pid):
    """CPU seconds so far and the peak of resident memory in MB, of another process."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/status") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak / 1024


def moved_by(pid):
    """Bytes that another process has read and written so far, files and sockets."""
    with open(f"/proc/{pid}/io") as f:
        seen = dict(line.split(": ") for line in f.read().splitlines())
    return int(seen["rchar"]), int(seen["wchar"])


class Spark:
    def __init__(self, python):
        self.started = time.monotonic()
        self.process = subprocess.Popen([python, os.path.abspath(__file__)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=dict(os.environ, TZ="UTC"), text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(120)

    def request(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.answered = time.monotonic()
        if "error" in answer:
            sys.exit(f"Spark: {what}: {answer['error']}")
        self.moved = answer["moved"]  # bytes read and written, files and sockets
        return answer["cost"] + [answer["rows"]]

    def notebook(self, namespace):
        return self.request(notebook=namespace)

    def ask(self, sql, folder=None):
        """With a folder: in a session whose catalog `lakehouse` is the one of `firn init` there; it stays, too."""
        return self.request(sql=sql, folder=folder)


# ---- in Spark's Python -------------------------------------------------------------------------------------------------

def submit_options():
    jars = os.path.join(os.environ.get("FIRN_CACHE", os.path.expanduser("~/.cache/firn")), "jars")
    path = ":".join(sorted(j for n in ("iceberg-spark-runtime", "iceberg-aws-bundle", "sqlite-jdbc") for j in glob.glob(f"{jars}/{n}*.jar")))
    conf = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
            "spark.log.level": "OFF", "spark.ui.showConsoleProgress": "false", "spark.driver.extraClassPath": path}
    return " ".join(["--master local[*]", f"--driver-memory {HEAP}", *(f"--conf {k}={v}" for k, v in conf.items()), "pyspark-shell"])


def run_notebook(namespace):
    import spark_side
    names = {"__name__": "notebook"}
    with contextlib.redirect_stdout(sys.stderr):
        for n, cell in enumerate(spark_side.cells()):
            cell = cell.replace('database_name = "demo"', f'database_name = "{namespace}"')
            exec(compile(cell, f"cell {n + 1}", "exec"), names)
    return names["spark"]


def at_folder(spark, path):
    spark = spark.newSession()
    for key, value in {"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", "uri": f"jdbc:sqlite:{path}/firn.db",
                       "warehouse": f"file://{path}/warehouse", "jdbc.schema-version": "V1",
                       "io-impl": "org.apache.iceberg.hadoop.HadoopFileIO"}.items():
        spark.conf.set(f"spark.sql.catalog.lakehouse.{key}", value)
    return spark


def serve():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["PYSPARK_SUBMIT_ARGS"] = submit_options()
    spark, local, pid, cpu, moved = None, {}, None, 0, (0, 0)
    for line in sys.stdin:
        request, rows = json.loads(line), []
        try:
            folder, start = request.get("folder"), time.monotonic()
            if folder and folder not in local:
                local[folder] = at_folder(spark, folder)
            if "notebook" in request:
                spark = run_notebook(request["notebook"])
                pid = spark.sparkContext._gateway.proc.pid
            else:
                rows = (local[folder] if folder else spark).sql(request["sql"]).collect()
            wall, before, earlier = time.monotonic() - start, cpu, moved
            (cpu, peak), moved = cost_of(pid), moved_by(pid)
            answer = {"cost": [wall, cpu - before, peak], "moved": [now - then for now, then in zip(moved, earlier)],
                      "rows": [["" if v is None else str(v) for v in r] for r in rows]}
        except Exception as e:  # goes to who asked
            answer = {"error": str(e)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(HERE, "../../test/interop"))
    serve()
