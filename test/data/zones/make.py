#!/usr/bin/env python3
"""make.py - writes expected.txt (and the rule_*.tzif files) beside itself, judged by Python's zoneinfo.

    u FILE UTC OFFSET      at UTC (seconds since 1970) the zone is OFFSET seconds east
    l FILE LOCAL UTC       local time LOCAL (as if it were UTC) is the instant UTC; of two instants the
                           later, in a gap the offset before it

rule_zero_days is judged by the C library. The other .tzif files are from the tzdata package of PyPI, Berlin_fat.tzif is Debian's.
"""
import os
import random
import struct
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
RULES = {
    "rule_days": "AAA3BBB,J60/0,J300/26",
    "rule_south": "AAA-10BBB,M10.1.0,M4.1.0/3",
    "rule_weeks": "<-02>2<-01>,M3.5.0/-1,M10.4.6/167",
    "rule_fixed": "<+0545>-5:45",
}
ZERO_DAYS = "AAA-3:30BBB,59,299/-5:30"  # days counted from 0: zoneinfo is a day late, so libc judges


def rule_file(rule):
    def block(version, size):
        return (b"TZif" + version + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4)
                + struct.pack(">iBB", 0, 0, 0) + b"UTC\0")
    return block(b"2", 4) + block(b"2", 8) + b"\n" + rule.encode() + b"\n"


EPOCH = datetime(1970, 1, 1)


def at(seconds):
    return EPOCH + timedelta(seconds=seconds)


def offset(zone, utc):
    return int(at(utc).replace(tzinfo=timezone.utc).astimezone(zone).utcoffset().total_seconds())


def to_utc(zone, local):
    t = at(local).replace(tzinfo=zone)
    return local - int(min(t.replace(fold=f).utcoffset() for f in (0, 1)).total_seconds())


def changes(zone, first, last, step):
    """Instants in [first, last) at which the offset differs from the second before."""
    for t in range(first, last, step):
        low, high = t, t + step
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
        yield high


def main():
    draw = random.Random(1)
    for name, rule in RULES.items():
        (HERE / f"{name}.tzif").write_bytes(rule_file(rule))
    (HERE / "rule_zero_days.tzif").write_bytes(rule_file(ZERO_DAYS))
    os.environ["TZ"] = ZERO_DAYS
    time.tzset()
    lines = [f"u rule_zero_days {s} {time.localtime(s).tm_gmtoff}"
             for s in range(1_000_000_000, 4_000_000_000, 7_654_321)]
    for path in sorted(HERE.glob("*.tzif")):
        if path.stem == "rule_zero_days":
            continue
        with path.open("rb") as f:
            zone = ZoneInfo.from_file(f)
        spots = [draw.randrange(-5_000_000_000, 6_000_000_000) for _ in range(20)]
        spots += [draw.randrange(100_000_000_000, 200_000_000_000) for _ in range(5)]
        found = list(changes(zone, -4_000_000_000, 3_200_000_000, 4 * 86400))
        future = list(changes(zone, 50_000_000_000, 50_040_000_000, 4 * 86400))
        for c in draw.sample(found, min(len(found), 10)) + future:
            spots += [c - 1, c]
            for d in (-3601, -1800, -1, 0, 1799, 3600, 7200):
                for side in (c - 1, c):
                    local = c + offset(zone, side) + d
                    lines.append(f"l {path.stem} {local} {to_utc(zone, local)}")
        lines += [f"u {path.stem} {s} {offset(zone, s)}" for s in spots]
        lines += [f"l {path.stem} {s} {to_utc(zone, s)}" for s in spots]
    (HERE / "expected.txt").write_text("\n".join(dict.fromkeys(lines)) + "\n")


main()
