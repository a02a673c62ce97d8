#!/usr/bin/env python3
"""check_functions.py - no function over 120 lines; with --top also lists the longest 25."""
import re, sys

LIMIT = 120
files = [f for f in sys.argv[1:] if f != "--top"]
found = []
for f in files:
    name, start = None, 0
    for n, line in enumerate(open(f, encoding="utf-8"), 1):
        m = re.match(r"^[a-zA-Z_].*?\b(\w+)\(", line)
        if m and not line.startswith(("#", "typedef")):
            name, start = m[1], n
        if line.startswith("}") and name:
            found.append((n - start + 1, f, name))
            name = None
found.sort(reverse=True)
if "--top" in sys.argv:
    for length, f, name in found[:25]:
        print(f"{length:4} {f} {name}")
over = [x for x in found if x[0] > LIMIT]
for length, f, name in over:
    print(f"{f}: {name} has {length} lines, at most {LIMIT}")
sys.exit(1 if over else 0)
