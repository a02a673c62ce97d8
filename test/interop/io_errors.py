"""io_errors.py FIRN POINTS [SEED] - the demo's calls that change the disk fail, whoever makes them.

As test/fault for firn's own store, but SQLite's calls too: the n-th one fails with EIO or ENOSPC,
once or from then on (a disk that is full still deletes). Exit 0 leaves the new state, 1 the old one or (where a query after the commit
failed) the new one, with the file named and no file left over; 6, unknown, either, and a run after
it ends well.
"""
import random, sys, tempfile, time
from demo_points import Demo, SCENARIOS
import seeds

firn, points = sys.argv[1], int(sys.argv[2])
ERRORS = {5: "Input/output error", 28: "No space left on device"}


def check(demo, before, new_count, scenario, code, err, number, mode):
    dead = mode == "broken" and number == 5  # nothing can be deleted either
    fresh, args, old, new = scenario
    state = demo.state()
    assert state in (old, new), f"{state} days"
    assert code in (0, 1, 6), f"exit {code}"
    assert code != 0 or state == new, "exit 0, but the old state"
    if code == 1:
        assert demo.lake in err, "the error names no file"
        assert ERRORS[number] in err or "disk I/O error" in err or "is full" in err or "unable to open" in err, \
            "the error does not say why"
        assert number != 28 or "unable to open" in err or "SQLSTATE" not in err or "53100" in err, "a full disk is SQLSTATE 53100"
    files = [f for f in demo.files() if "/firn-journal/" not in f]  # a journal's own deletion may fail, too
    if code != 6 and state == new and not dead:
        assert len(files) == new_count, f"{len(files)} files, the new state has {new_count}"
    elif code != 6 and fresh and not dead:
        assert not [f for f in files if "/warehouse/" in f], "files in an empty warehouse"
    elif code != 6 and not dead:
        assert files == before, f"other files than before: {set(files) ^ set(before)}"
    demo.run(args, check=True, FIRN_ABANDONED_AFTER="1")
    assert demo.state() == new, "the run after it did not bring the new state"
    assert not demo.unreachable(), f"left behind: {demo.unreachable()}"
    return code


def main():
    chance = random.Random(seeds.seed(3))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="firn-errors-") as work:
        demo = Demo(firn, work)
        every, count = [], {}
        for scenario in SCENARIOS:
            calls, _ = demo.count(scenario[0], scenario[1])
            count[scenario[0]] = len(demo.files())
            every += [(scenario, mode, number, n) for mode in ("fail", "broken") for number in ERRORS
                      for n in range(1, calls + 1)]
        demo.reset(False)
        before, codes = demo.files(), {}
        chosen = chance.sample(every, min(points, len(every)))
        for scenario, mode, number, n in chosen:
            demo.reset(scenario[0])
            code, out, err = demo.run(scenario[1], FAULT_AT=str(n), FAULT_MODE=mode, FAULT_ERRNO=str(number))
            try:
                check(demo, before, count[scenario[0]], scenario, code, err, number, mode)
            except Exception as e:
                which = "the first run" if scenario[0] else "the run over the old state"
                raise AssertionError(f"{mode} {number} at call {n} of {which}: {e}\nits output:\n{out}\n{err}") from e
            codes[code] = codes.get(code, 0) + 1
    print(f"{len(chosen)} of {len(every)} points, exit codes "
          + ", ".join(f"{k}: {v}" for k, v in sorted(codes.items())) + f"; {time.monotonic() - started:.1f} s")


main()
