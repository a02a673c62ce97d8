"""kills.py FIRN POINTS [SEED] - the demo killed at many points leaves the old or the new state.

Two runs are killed: the first one, in a folder that does not exist yet, and one with four days over
the three of a finished one. Points are the calls that change the disk (fault_shim.c: SIGKILL before
the n-th one, or in the middle of it) and, where those are used up, moments. After each PyIceberg
must read both tables, equal to an oracle and to each other, in the old or the new state, and the
same command run again must end well in the new one and leave no file behind that no table names.
"""
import random, signal, sys, tempfile, time
from demo_points import Demo, SCENARIOS
import seeds

firn, points = sys.argv[1], int(sys.argv[2])


def name(scenario):
    return "the first run" if scenario[0] else "the run over the old state"


def check(demo, what, scenario, code, out, err):
    fresh, args, old, new = scenario
    try:
        state = demo.state()
        assert state in (old, new), f"{state} days"
        assert code in (0, -signal.SIGKILL), f"exit {code}"
        assert code != 0 or state == new, "exit 0, but the old state"
        demo.run(args, check=True, FIRN_ABANDONED_AFTER="1")
        assert demo.state() == new, "the run after it did not bring the new state"
        assert not demo.unreachable(), f"left behind: {demo.unreachable()}"
    except Exception as e:
        raise AssertionError(f"{what}: {e}\nits output:\n{out}\n{err}") from e
    return state == new, code == 0


def main():
    chance = random.Random(seeds.seed(3))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="firn-kills-") as work:
        demo = Demo(firn, work)
        every, took = [], {}
        for scenario in SCENARIOS:
            calls, took[scenario[0]] = demo.count(scenario[0], scenario[1])
            print(f"{name(scenario)}: {calls} calls that change the disk")
            every += [(scenario, mode, n) for mode in ("kill", "torn") for n in range(1, calls + 1)]
        chosen = chance.sample(every, min(points, len(every)))
        seen = {"old": 0, "new": 0, "not hit": 0}
        for i in range(points):
            if i < len(chosen):
                scenario, mode, n = chosen[i]
                what = f"{mode} at call {n} of {name(scenario)}"
                demo.reset(scenario[0])
                code, out, err = demo.run(scenario[1], FAULT_AT=str(n), FAULT_MODE=mode)
                assert code == -signal.SIGKILL, f"{what}: exit {code}"
            else:
                scenario = chance.choice(SCENARIOS)
                delay = chance.random() * took[scenario[0]]
                what = f"killed after {delay * 1000:.1f} ms of {name(scenario)}"
                demo.reset(scenario[0])
                p = demo.start(scenario[1])
                time.sleep(delay)
                p.kill()
                out, err = p.communicate(timeout=60)
                code = p.returncode
            is_new, whole = check(demo, what, scenario, code, out, err)
            seen["not hit" if whole else "new" if is_new else "old"] += 1
    print(f"{points} points, {len(chosen)} of them at calls: {seen['old']} left the old state, {seen['new']} the new one, "
          f"{seen['not hit']} came after the end; {time.monotonic() - started:.1f} s")


main()
