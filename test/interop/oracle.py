"""oracle.py - what the notebook's generator and aggregates give, computed with exact rationals.

sample(seed, days, rows_per_day, products) -> rows; summary(rows) -> {(day, product): measures};
rounded(fraction) -> the correctly rounded double.
"""
import random
from datetime import date, timedelta
from fractions import Fraction


def sample(seed=42, days=3, rows_per_day=333, products=3, start=date(2025, 1, 14)):
    rng = random.Random(seed)
    names = list(range(101, 101 + products))
    rows = []
    for day in range(days):
        for _ in range(rows_per_day):
            product = rng.choice(names)
            quantity = rng.randint(1, 10)
            price = rng.choice([29.99, 49.99, 99.99])
            rows.append((start + timedelta(days=day), product, quantity, price, quantity * price))
    return rows


def rounded(f):
    return f.numerator / f.denominator  # int / int is correctly rounded in Python


def summary(rows):
    groups = {}
    for day, product, quantity, _, amount in rows:
        groups.setdefault((day, product), []).append((quantity, amount))
    out = {}
    for key, members in groups.items():
        total = sum((Fraction(a) for _, a in members), Fraction(0))
        amounts = [a for _, a in members]
        out[key] = (len(members), sum(q for q, _ in members), rounded(total),
                    rounded(total / len(members)), max(amounts), min(amounts))
    return out


def totals(rows):
    sums = {}
    for _, product, _, _, amount in rows:
        sums[product] = sums.get(product, Fraction(0)) + Fraction(amount)
    return {p: rounded(s) for p, s in sorted(sums.items())}
