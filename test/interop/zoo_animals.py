# SPDX-License-Identifier: Apache-2.0
"""zoo_animals.py - the tables of zoo.sql and zoo_trino.sql: of(file) gives (name, flags, statements) of each."""
import os
import re


def of(file):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), file), encoding="utf-8") as f:
        text = f.read()
    for part in text.split("\n--- ")[1:]:
        head, body = part.split("\n", 1)
        name, *flags = head.split()
        yield name, flags, [s.strip() for s in re.split(r";\n|(?<=\})\n", body) if s.strip()]
