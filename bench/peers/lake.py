"""lake.py - what the peers share: a SQLite catalog with its warehouse in a folder, and printing."""
import os
import sys

from pyiceberg.catalog.sql import SqlCatalog


def catalog(folder):
    folder = os.path.abspath(folder)
    return SqlCatalog("lakehouse", uri=f"sqlite:///{folder}/firn.db", warehouse=f"file://{folder}/warehouse")


def files(table, *row_filter):
    return [task.file.file_path.removeprefix("file://") for task in table.scan(*row_filter).plan_files()]


def show(rows):
    for row in rows:
        sys.stdout.write(",".join("" if v is None else str(v) for v in row) + "\n")
