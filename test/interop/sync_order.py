"""sync_order.py FIRN - everything a commit points at is on the disk before the commit is.

strace shows the calls of the demo and of an INSERT, a DELETE and a DROP. At each write to the
catalog's database (its file, its log or its journal):

    a file that has its name was synced after its last write, before it got the name
    a folder that got a name in it was synced after that
    the same of folders made, up to the lakehouse, and of those that another process may have made:
    each folder from the lakehouse down to a new file was synced by this one

and when the program ends the database's log was synced after its last write and nothing at all is
left unsynced, the lakehouse's own name included. Skipped (77) without strace.
"""
import collections, os, re, shutil, subprocess, sys, tempfile

firn = os.path.abspath(sys.argv[1])
CALLS = "openat,mkdir,mkdirat,write,pwrite64,writev,pwritev,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,ftruncate"
LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*?)>(?:\(deleted\))?)?")
FD = re.compile(r"^(?:AT_FDCWD|\d+)<(.*?)>(?:\(deleted\))?$")


class Disk:
    """What is not known to be on the disk yet."""

    def __init__(self, folder):
        self.folder = folder
        self.dirty = collections.OrderedDict()  # file -> the call that wrote it last
        self.names = {}                         # folder -> names put into it since its last sync
        self.synced = set()                     # folders
        self.placed = []                        # files that got their names since the last commit
        self.seen = collections.Counter()

    def path(self, at, name):
        name = name.strip('"')
        return name if name.startswith("/") else os.path.join(FD.match(at).group(1), name)

    def add_name(self, path):
        folder, name = os.path.split(path)
        if path.startswith(self.folder):
            self.names.setdefault(folder, []).append(name)

    def check(self, why):
        tables = {f: n for f, n in self.names.items() if "/warehouse" in f or "warehouse" in n}
        assert not tables, f"{why}: names not synced: {tables}"
        files = [f for f in self.dirty if "/warehouse/" in f]
        assert not files, f"{why}: bytes not synced: {files}"
        for path in self.placed:
            while path != self.folder:
                path = os.path.dirname(path)
                assert path in self.synced, f"{why}: {path} was not synced"

    def call(self, call, args, result_path):
        self.seen[call] += 1
        if call in ("write", "pwrite64", "writev", "pwritev", "ftruncate"):
            path = FD.match(args[0]).group(1)
            if re.search(r"/firn\.db(-wal|-journal)?$", path):
                self.check(f"{call} to {os.path.basename(path)}")
                self.seen["database writes"] += 1
            if path.startswith(self.folder) and not path.endswith(("-shm", "-lock")):
                self.dirty[path] = call
        elif call in ("fsync", "fdatasync"):
            path = FD.match(args[0]).group(1)
            self.dirty.pop(path, None)
            self.names.pop(path, None)
            self.synced.add(path)
        elif call in ("mkdir", "mkdirat"):
            self.add_name(self.path(*(args[:2] if call == "mkdirat" else ("AT_FDCWD<%s>" % self.cwd, args[0]))))
        elif call == "linkat":
            source = self.fds.get(args[1].strip('"'), args[1].strip('"'))
            target = self.path(args[2], args[3])
            assert source not in self.dirty, f"{target} got its name before its bytes were synced"
            self.add_name(target)
            if "/warehouse/" in target:
                kind = "journal" if "/firn-journal/" in target else target.rsplit(".", 1)[1]
                if kind != "journal":  # nothing that is published points at one
                    self.placed.append(target)
                self.seen["named " + kind] += 1
                assert self.seen["named journal"], f"{target} got its name before there was a journal"
        elif call in ("rename", "renameat", "renameat2", "link"):
            raise AssertionError(f"{call} is not expected here: {args}")
        elif call == "openat" and "O_TMPFILE" in args[2]:
            pass
        elif call == "openat" and "O_CREAT" in args[2] and not re.search(r"firn\.db", args[1]):
            self.add_name(self.path(args[0], args[1]))


def split(text):
    """Arguments of a call; strings hold commas."""
    out, depth, quoted, at, i = [], 0, False, 0, 0
    while i < len(text):
        c = text[i]
        if c == "\\" and quoted:
            i += 1
        elif c == '"':
            quoted = not quoted
        elif not quoted and c in "<[{(":
            depth += 1
        elif not quoted and c in ">]})":
            depth -= 1
        elif not quoted and c == "," and depth == 0:
            out.append(text[at:i].strip())
            at = i + 1
        i += 1
    return out + [text[at:].strip()]


def traced(work, *args):
    log = f"{work}/calls"
    p = subprocess.run(["strace", "-f", "-y", "-s", "16", "-e", f"trace={CALLS}", "-o", log, firn, *args], cwd=work,
                       text=True, capture_output=True)
    if "PTRACE_TRACEME" in p.stderr or "ptrace" in p.stderr:
        print("strace may not trace here")
        sys.exit(77)
    assert p.returncode == 0, p.stderr
    disk = Disk(os.path.realpath(work) + "/lake")
    disk.cwd, disk.fds = os.path.realpath(work), {}
    with open(log) as f:
        for line in f:
            m = LINE.match(line)
            if not m or int(m.group(3)) < 0:
                continue
            call, arguments, result, path = m.groups()
            arguments = split(arguments)
            if call == "openat":
                disk.fds[f"/proc/self/fd/{result}"] = path
            disk.call(call, arguments, path)
    left = {f: n for f, n in disk.names.items()}
    assert not left, f"{args}: at the end names are not synced: {left}"
    logs = [f for f in disk.dirty if not f.endswith("/firn.db")]
    assert not logs, f"{args}: at the end bytes are not synced: {logs}"
    assert disk.seen["database writes"] > 0, f"{args}: nothing was committed"
    return disk.seen


def run(work, sql):
    return traced(work, "run", "-q", "--config", "lake/firn.yaml", "-c", sql)


if not shutil.which("strace"):
    print("strace is not installed")
    sys.exit(77)
with tempfile.TemporaryDirectory(prefix="firn-sync-") as work:
    for which in ("first", "second"):
        seen = traced(work, "demo", "lake", "-q")
        assert seen["named parquet"] == 3 and seen["named json"] == 3, seen
        assert seen["named avro"] >= 4 and seen["named journal"] == 3, seen
        print(f"{which} demo: {seen['fsync']} fsync and {seen['fdatasync']} fdatasync, "
              f"{seen['named parquet']} data files, {seen['named avro']} manifests and lists, {seen['named json']} metadata files")
    run(work, "CREATE TABLE demo.parts (d date, x bigint) WITH (partitioning = 'd')")
    seen = run(work, "INSERT INTO demo.parts VALUES (DATE '2025-01-14', 1), (DATE '2025-01-15', 2)")
    assert seen["named parquet"] == 2 and seen["mkdir"] >= 2, seen
    run(work, "DELETE FROM demo.parts WHERE x = 1")
    run(work, "DROP TABLE demo.parts")
print("ok")
