#!/usr/bin/env python3
"""check_layers.py - keep src/LAYERS and the #include lines true to each other."""
import re, sys
from pathlib import Path

src, bad = Path(sys.argv[1] if len(sys.argv) > 1 else "src"), 0

def report(where, what):
    global bad
    bad += 1
    print(f"{where}: {what}")

allowed = {}  # module -> (place counted from the top, modules it may include)
for line in (src / "LAYERS").read_text().splitlines():
    name, colon, below = line.split("#")[0].partition(":")
    if colon and name.strip() in allowed:
        report(src / "LAYERS", f"{name.strip()} is listed twice")
    elif colon:
        allowed[name.strip()] = (len(allowed), below.split())
for me, (place, below) in allowed.items():
    for other in below:
        if other not in allowed:
            report(src / "LAYERS", f"{me}: there is no module {other}")
        elif allowed[other][0] <= place:
            report(src / "LAYERS", f"{me}: {other} does not stand below it")

for f in sorted(src.glob("*/**/*.[ch]")):
    me = f.relative_to(src).parts[0]
    if me not in allowed:
        report(f, "folder is not in LAYERS")
        continue
    for n, line in enumerate(f.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+"(?:([a-z0-9_]+)/)?([^"]+)"', line)
        if not m:
            continue
        to = "engine" if m[0].endswith('"firn.h"') else m[1]  # engine implements firn.h
        if to is None and m[2] not in ("options.def", "firn_arrow.h"):
            report(f"{f}:{n}", f'"{m[2]}" is not a full path from src/')
        elif to and to != me:
            if to not in allowed[me][1]:
                report(f"{f}:{n}", f"{me} may not include {to}/")
            elif m[2].endswith("_int.h"):
                report(f"{f}:{n}", f"{to}/{m[2]} is private to {to}")
sys.exit(1 if bad else 0)
