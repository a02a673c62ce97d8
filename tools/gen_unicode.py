#!/usr/bin/env python3
"""gen_unicode.py - src/expr/expr_unicode_table.h from the C library's locale C.UTF-8.

    gen_unicode.py > src/expr/expr_unicode_table.h

The program itself never sets a locale, so its results do not depend on the machine; this file is
made once and changes only when somebody wants newer characters.
"""
import ctypes
import locale

locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
LIBC = ctypes.CDLL(None)
LAST = 0x110000


def mappings(change):
    """(first, last, step, delta) runs of characters that move by the same distance."""
    moved = [(c, change(c) - c) for c in range(0x80, LAST) if change(c) != c]
    runs, i = [], 0
    while i < len(moved):
        best, best_step = i, 1
        for step in (1, 2):
            j = i
            while (j + 1 < len(moved) and moved[j + 1][0] - moved[j][0] == step
                   and moved[j + 1][1] == moved[i][1]):
                j += 1
            if j > best:
                best, best_step = j, step
        runs.append((moved[i][0], moved[best][0], best_step, moved[i][1]))
        i = best + 1
    return runs


def members(test):
    runs = []
    for c in range(0x80, LAST):
        if test(c):
            if runs and runs[-1][1] == c - 1:
                runs[-1][1] = c
            else:
                runs.append([c, c])
    return runs


def show(name, kind, rows):
    print(f"\nstatic const struct {kind} {name}[] = {{")
    line = "   "
    for row in rows:
        item = " {" + ", ".join(hex(v) if abs(v) > 9 else str(v) for v in row) + "},"
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


print("""// SPDX-License-Identifier: Apache-2.0
/* expr_unicode_table.h - characters above ASCII that have a case, and those that are letters or
 * digits. Made by tools/gen_unicode.py; included by expr_unicode.c alone. */
// clang-format off""")
show("upper_runs", "case_run", mappings(LIBC.towupper))
show("lower_runs", "case_run", mappings(LIBC.towlower))
show("word_runs", "word_run", members(LIBC.iswalnum))
print("// clang-format on")
