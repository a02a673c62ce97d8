"""sides.py - what is measured: a case is one job, done by firn and by its peers; a side is how one of them does it."""
import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Case:
    """name and text; sides by name, firn's first; runs: of sides that are measured less often; wall, memory: firn's limits;
    same: whether all must give the same answer; notes(): more to say, asked for once all is measured."""

    def __init__(self, name, text, sides, runs=None, wall=None, memory=None, same=True, notes=None):
        self.name, self.text, self.sides, self.runs = name, text, sides, runs or {}
        self.wall, self.memory, self.same, self.notes = wall, memory, same, notes


class Processes:
    """Whole processes from start to exit: `commands` one after the other ("{dir}" is the run's folder). before: a command that
    is not counted; after: one that prints the answer, not counted, where the commands do not; shared: a folder that stands
    already, instead of a fresh one each run; header: the answer's first line is one."""

    def __init__(self, commands, before=None, after=None, shared=None, header=False):
        self.commands, self.before, self.after, self.shared, self.header = commands, before, after, shared, header

    def run(self, bench, seen=None):
        """-> (wall s, CPU s, peak MB), rows. seen() is called right before and right behind what is counted."""
        folder = self.shared or tempfile.mkdtemp(dir=bench.work)
        try:
            if self.before:
                quietly(self.before, folder)
            *cost, out = between(seen, lambda: processes(bench.process, self.commands, folder))
            if self.after:
                out = quietly(self.after, folder)
            return cost, values(out, self.header)
        finally:
            if not self.shared:
                shutil.rmtree(folder)


class Session:
    """Something that is asked: ask() gives wall s, CPU s, peak MB and rows; answer() the rows where ask's are not the answer,
    and tidies up, not counted."""

    def __init__(self, ask, answer=None):
        self.ask, self.answer = ask, answer

    def run(self, bench, seen=None):
        *cost, rows = between(seen, self.ask)
        rows = self.answer() if self.answer else rows
        return cost, [[value(word) for word in row] for row in rows]


def between(seen, action):
    if seen:
        seen()
    done = action()
    if seen:
        seen()
    return done


def quietly(command, folder=None):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {' '.join(command)}\n{done.stderr}")
    return done.stdout


def processes(process, commands, folder):
    """-> wall s, CPU s, peak MB, what the last one printed"""
    wall = cpu = peak = 0
    with tempfile.NamedTemporaryFile("r") as cost:
        for command in commands:
            out = quietly([process, cost.name, *(word.replace("{dir}", folder) for word in command)], folder)
            with open(cost.name) as f:
                ns, user, system, kb, code = map(int, f.read().split())
            if code != 0:
                sys.exit(f"exit {code}: {' '.join(command)}")
            wall, cpu, peak = wall + ns / 1e9, cpu + (user + system) / 1e6, max(peak, kb / 1024)
    return wall, cpu, peak, out


def value(word):
    try:
        return float(word)
    except ValueError:
        return word


def values(text, header):
    return [[value(word) for word in row] for row in list(csv.reader(io.StringIO(text)))[1 if header else 0:]]
