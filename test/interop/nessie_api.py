"""nessie_api.py - a branch of its own on the Nessie server of FIRN_NESSIE_URI, and firn on it."""
import json, os, urllib.error, urllib.parse, urllib.request, uuid

from lakehouse import Lakehouse

URI = os.environ["FIRN_NESSIE_URI"]


def call(method, path, body=None, want=200):
    request = urllib.request.Request(f"{URI}/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json", "Nessie-Client-Spec": "2"})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            code, text = reply.status, reply.read()
    except urllib.error.HTTPError as e:
        code, text = e.code, e.read()
    assert code == want, f"{method} {path}: {code}, wanted {want}\n{text}"
    return json.loads(text) if text else None


def make_branch(name, source, at):
    quoted = urllib.parse.urlencode({"name": name, "type": "BRANCH"})
    call("POST", f"trees?{quoted}", {"type": "BRANCH", "name": source, "hash": at})


class Branch(Lakehouse):
    """firn in a folder whose catalog is a new branch, with its warehouse in the folder too."""

    def __init__(self, firn, **env):
        super().__init__(firn, **env)
        self.name, self.others = f"test/{uuid.uuid4().hex[:12]}", []
        make_branch(self.name, call("GET", "trees/-")["reference"]["name"], call("GET", "config")["noAncestorHash"])
        self.configure()

    def branch(self, name, at):
        """Another branch from a commit of this one; its full name."""
        self.others.append(f"{self.name}-{name}")
        make_branch(self.others[-1], self.name, at)
        return self.others[-1]

    def configure(self, name="firn.yaml", uri=URI, ref=None, **more):
        lines = [f"    {k}: '{v}'\n" for k, v in dict({"type": "nessie", "uri": uri, "ref": ref or self.name,
                                                       "warehouse": f"file://{self.folder}/wh/"}, **more).items()]
        with open(f"{self.folder}/{name}", "w") as f:
            f.write("catalog:\n  lakehouse:\n" + "".join(lines) + "default-catalog: lakehouse\nbusy: 20000\n")
        return name

    def path(self, at="", name=None):
        return "trees/" + urllib.parse.quote(f"{name or self.name}@{at}", safe="")

    def hash(self, name=None):
        return call("GET", self.path(name=name))["reference"]["hash"]

    def history(self):
        """Commits, newest first: (message, properties, operations)."""
        entries = call("GET", f"{self.path()}/history?fetch=ALL&max-records=500")["logEntries"]
        return [(e["commitMeta"]["message"], e["commitMeta"]["allProperties"], e["operations"]) for e in entries]

    def content(self, *key):
        found = call("POST", f"{self.path()}/contents", {"requestedKeys": [{"elements": list(key)}]})["contents"]
        return found[0]["content"] if found else None

    def commit(self, *operations):
        call("POST", f"{self.path(self.hash())}/history/commit", {"commitMeta": {"message": "by hand"}, "operations": operations})

    def __exit__(self, *_):
        for name in (self.name, *self.others):
            call("DELETE", f"{self.path(self.hash(name), name)}?type=BRANCH")
        super().__exit__()
