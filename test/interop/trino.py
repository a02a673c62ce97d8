# SPDX-License-Identifier: Apache-2.0
"""trino.py - rows(sql) of the Trino at FIRN_TRINO_URL: ([[name, type]], rows), by its own protocol of statements and pages."""
import json
import os
import time
import urllib.request

HEADERS = {"X-Trino-User": "test", "X-Trino-Catalog": "lakehouse", "X-Trino-Time-Zone": "UTC", "X-Trino-Source": "firn"}


def page(url, body=None):
    request = urllib.request.Request(url, data=body, headers=HEADERS)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def rows(sql):
    columns, found = [], []
    answer = page(os.environ["FIRN_TRINO_URL"] + "/v1/statement", sql.encode())
    while True:
        assert "error" not in answer, f"Trino: {sql}: {answer['error']['message']}"
        columns = [[c["name"], c["type"]] for c in answer.get("columns", [])] or columns
        found += answer.get("data", [])
        if "nextUri" not in answer:
            return columns, found
        if not answer.get("data"):
            time.sleep(0.02)
        answer = page(answer["nextUri"])
