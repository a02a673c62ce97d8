# SPDX-License-Identifier: Apache-2.0
"""spark_side.py - Spark for a test that runs in another Python: requests and answers, a JSON line each.

In Spark's Python this file is the server; elsewhere `with Spark(python) as spark:` starts it, spark.rows(sql) gives columns
and rows as zoo_rows has them, spark.anew() is a new session whose catalogs are opened anew, spark.notebook() runs the
notebook's cells, whose session is then the one that is asked."""
import contextlib
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Spark:
    def __init__(self, python, catalogs=None):
        self.process = subprocess.Popen([python, os.path.abspath(__file__), json.dumps(catalogs)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=dict(os.environ, TZ="UTC"), text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(120)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, f"Spark: {request}: {answer['error']}"
        return answer

    def rows(self, sql):
        answer = self.ask(sql=sql)
        return answer["columns"], answer["rows"]

    def anew(self):
        self.ask(anew=True)

    def notebook(self):
        self.ask(notebook=True)


def cells():
    """The notebook's, with the stack's endpoints, and Iceberg from the class path."""
    with open(f"{HERE}/notebook.py", encoding="utf-8") as f:
        text = f.read()
    for old, new, times in [("http://infrastructure-nessie:19120/api/v2", os.environ["FIRN_NESSIE_URI"], 1),
                            ("http://infrastructure-minio:9000", os.environ["FIRN_S3_ENDPOINT"], 2),
                            ('    .config("spark.jars.packages", "org.apache.iceberg:iceberg-spark-runtime-3.5_2.13:1.8.0") \\\n', "", 1)]:
        assert text.count(old) == times, old
        text = text.replace(old, new)
    return text.split("\n# %%\n")[1:]


def serve(catalogs):
    import spark_session
    import zoo_rows

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the JVM prints is no answer
    spark_session.prepare()
    spark = spark_session.session(catalogs) if catalogs else None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {}
            if "notebook" in request:
                names = {"__name__": "notebook"}
                with contextlib.redirect_stdout(sys.stderr):
                    for n, cell in enumerate(cells()):
                        exec(compile(cell, f"cell {n + 1}", "exec"), names)
                assert names["test_passed"]
                spark = names["spark"]
                spark.conf.set("spark.sql.session.timeZone", "UTC")
            elif "anew" in request:
                spark = spark_session.anew(spark)
            else:
                frame = spark.sql(request["sql"])
                answer["columns"], answer["rows"] = zoo_rows.of_spark(frame) if frame.columns else ([], [])
        except Exception as e:  # goes to who asked
            answer = {"error": str(e)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    if spark:
        spark.stop()


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    serve(json.loads(sys.argv[1]))
