# SPDX-License-Identifier: Apache-2.0
"""trino.py - answers of the Trino at FIRN_TRINO_URL, by its own protocol of statements and pages."""
import json
import os
import time
import urllib.request

HEADERS = {"X-Trino-User": "test", "X-Trino-Catalog": "lakehouse", "X-Trino-Time-Zone": "UTC", "X-Trino-Source": "firn",
           "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}  # else microseconds are rounded off


def page(url, body=None, more=()):
    request = urllib.request.Request(url, data=body, headers=dict(HEADERS, **dict(more)))
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def answer(sql, session=""):
    """-> (columns as Trino describes them, rows); `session` is "catalog.property=value", with commas between"""
    columns, found = [], []
    reply = page(os.environ["FIRN_TRINO_URL"] + "/v1/statement", sql.encode(), [("X-Trino-Session", session)] if session else ())
    while True:
        assert "error" not in reply, f"Trino: {sql}: {reply['error']['message']}"
        columns = reply.get("columns") or columns
        found += reply.get("data", [])
        if "nextUri" not in reply:
            return columns, found
        if not reply.get("data"):
            time.sleep(0.02)
        reply = page(reply["nextUri"])


def rows(sql, session=""):
    """-> ([[name, type]], rows)"""
    columns, found = answer(sql, session)
    return [[c["name"], c["type"]] for c in columns], found
