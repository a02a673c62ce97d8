"""trino.py - ask(sql, pid): one statement to the Trino of test/stack, by its own protocol: (wall s, CPU s, peak MB, rows).

Trino holds each request until there is news, so nothing is waited for in vain. CPU and peak are its Java process's."""
import json
import os
import sys
import time
import urllib.request

from spark import cost_of

HEADERS = {"X-Trino-User": "bench", "X-Trino-Catalog": "lakehouse", "X-Trino-Time-Zone": "UTC"}


def page(url, body=None):
    with urllib.request.urlopen(urllib.request.Request(url, body, HEADERS), timeout=600) as reply:
        return json.load(reply)


def ask(sql, pid):
    rows, before, start = [], cost_of(pid)[0], time.monotonic()
    answer = page(os.environ["FIRN_TRINO_URL"] + "/v1/statement", sql.encode())
    while True:
        if "error" in answer:
            sys.exit(f"Trino: {sql}: {answer['error']['message']}")
        rows += answer.get("data", [])
        if "nextUri" not in answer:
            break
        answer = page(answer["nextUri"])
    wall, (cpu, peak) = time.monotonic() - start, cost_of(pid)
    return [wall, cpu - before, peak, [["" if v is None else str(v) for v in r] for r in rows]]
