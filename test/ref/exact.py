#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""exact.py FILE - what aggregates must give, recomputed with rationals.

Each line is one case written by a unit test, fields separated by blanks, name=value:

    type=double|int|decimal:SCALE   values=v,v,...   (doubles as 16 hex digits of their bits)
    sum= avg= s1= rest= more= var_pop= var_samp= stddev_pop= stddev_samp= squares= avg_decimal=SCALE:v

Doubles are hex bits, NULL is "-", bytes are hex, integers are decimal. Anything a line gives is
checked; the program ends with 1 at the first difference and says how many cases it saw.
"""
import struct
import sys
from fractions import Fraction
from math import isqrt


def from_bits(text):
    return struct.unpack("<d", struct.pack("<Q", int(text, 16)))[0]


def to_bits(value):
    return "%016x" % struct.unpack("<Q", struct.pack("<d", value))[0]


NAN, INF = "7ff8000000000000", float("inf")


def nearest(x, at_most_half=False):
    """The double nearest to a rational, ties to even, by search over the 64-bit patterns."""
    if x == 0:
        return 0.0
    if x < 0:
        return -nearest(-x)
    low, high = 0, 0x7FF0000000000000  # patterns order positive doubles; high stands for infinity

    def value(pattern):
        if pattern == 0x7FF0000000000000:
            return Fraction(2) ** 1024  # where infinity begins, for the halfway test
        return Fraction(from_bits("%x" % pattern))

    while high - low > 1:
        middle = (low + high) // 2
        if value(middle) <= x:
            low = middle
        else:
            high = middle
    below, above = x - value(low), value(high) - x
    if below < above or (below == above and low % 2 == 0):
        return from_bits("%x" % low)
    return INF if high == 0x7FF0000000000000 else from_bits("%x" % high)


def nearest_root(x):
    """The double nearest to the square root of a rational >= 0."""
    if x == 0:
        return 0.0
    # 2^200 times the root, cut, with a sticky last bit: far more than 53 bits at every magnitude
    scale = 2 ** 4400
    shifted = x * scale * scale
    whole = shifted.numerator // shifted.denominator
    root = isqrt(whole)
    exact = root * root == whole and shifted.denominator == 1
    return nearest(Fraction(2 * root + (0 if exact else 1), 2 * scale))


def uvarint(v):
    out = b""
    while v >= 0x80:
        out += bytes([v & 0x7F | 0x80])
        v >>= 7
    return out + bytes([v])


def integer_bytes(x):
    """Exponent and fewest two's complement bytes of a dyadic rational."""
    if x == 0:
        return uvarint(0)
    exponent = -(x.denominator.bit_length() - 1)
    n = x.numerator
    while n % 2 == 0:
        n //= 2
        exponent += 1
    size = 1
    while not -(1 << (8 * size - 1)) <= n < 1 << (8 * size - 1):
        size += 1
    zigzag = 2 * exponent if exponent >= 0 else -2 * exponent - 1
    return uvarint(zigzag) + n.to_bytes(size, "little", signed=True)


def finite(v):
    return v == v and abs(v) != INF


def expect_double(values):
    """Every result of a list of doubles."""
    n = len(values)
    nan = sum(v != v for v in values)
    plus, minus = values.count(INF), values.count(-INF)
    s = sum((Fraction(v) for v in values if finite(v)), Fraction(0))
    q = sum((Fraction(v) ** 2 for v in values if finite(v)), Fraction(0))
    special = nan or plus or minus
    odd = NAN if nan or (plus and minus) else to_bits(INF if plus else -INF)
    out = {"squares": integer_bytes(q).hex()}
    s1 = nearest(s)
    rest = nearest(s - Fraction(s1)) if abs(s1) != INF else 0.0
    short = not special and abs(s1) != INF and Fraction(s1) + Fraction(rest) == s
    out["more"] = "-" if short else (uvarint(nan) + uvarint(plus) + uvarint(minus) + integer_bytes(s)).hex()
    out["rest"] = to_bits(rest) if short else "-"
    out["s1"] = to_bits(s1) if short and n else "-"
    out["sum"] = "-" if n == 0 else odd if special else to_bits(s1)
    out["avg"] = "-" if n == 0 else odd if special else to_bits(signed(nearest(s / n), s))
    out.update(spread(n, s, q, special))
    return out


def signed(v, exact):
    return -0.0 if v == 0 and exact < 0 else v


def spread(n, s, q, special):
    out = {}
    for name, over in (("pop", n), ("samp", n - 1)):
        if over <= 0:
            out["var_" + name] = out["stddev_" + name] = "-"
        elif special:
            out["var_" + name] = out["stddev_" + name] = NAN
        else:
            x = (n * q - s * s) / (n * over)
            out["var_" + name] = to_bits(nearest(x))
            out["stddev_" + name] = to_bits(nearest_root(x))
    return out


def expect_integer(values, scale):
    n, s, q = len(values), sum(values), sum(v * v for v in values)
    ten = Fraction(10) ** scale
    out = {"squares": integer_bytes(Fraction(q)).hex(), "sum": str(s) if n else "-"}
    out["avg"] = to_bits(nearest(Fraction(s, n) / ten)) if n else "-"
    out.update(spread(n, s / ten, q / ten / ten, False))
    return out


def avg_decimal(values, scale, to_scale):
    if not values:
        return "-"
    x = Fraction(sum(values) * 10 ** (to_scale - scale), len(values))
    half = (2 * abs(x) + 1).__floor__() // 2
    return str(half if x >= 0 else -half)


def check(line, number):
    given = dict(field.split("=", 1) for field in line.split())
    kind = given.pop("type")
    texts = [v for v in given.pop("values").split(",") if v]
    if kind == "double":
        want = expect_double([from_bits(v) for v in texts])
    else:
        scale = int(kind.split(":")[1]) if ":" in kind else 0
        want = expect_integer([int(v) for v in texts], scale)
        if "avg_decimal" in given:
            to_scale, got = given.pop("avg_decimal").split(":")
            given["avg_decimal"] = got
            want["avg_decimal"] = avg_decimal([int(v) for v in texts], scale, int(to_scale))
    for name, got in given.items():
        if got != want[name]:
            print(f"line {number}: {name} is {got}, not {want[name]}\n{line[:2000]}")
            sys.exit(1)
    return len(given)


def main():
    results = 0
    number = 0
    with open(sys.argv[1], encoding="ascii") as f:
        for number, line in enumerate(f, 1):
            results += check(line.strip(), number)
    print(f"{number} cases, {results} results equal")
    sys.exit(0 if number else 1)


main()
