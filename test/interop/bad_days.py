"""bad_days.py FIRN RUNS [SEED [KEPT [WORKER WORKERS]]] - the seed job on Nessie, on Iceberg's REST server and on MinIO, with proxies that have bad days before each.

Each run replaces both tables by those of another seed, in one of three places: Nessie; the REST server; the same where
it takes one table a commit. It meets one fault, drawn by SEED and the run's number:

    passing   shorter than the bound of the retries: the run must end well, in the new state
    lasting   it does not pass while the run lasts: an error that names what it is about, and the old state; where the
              outcome is said to be unknown (exit 6) either state, or, one table a commit, the tables that it names as published

After every tenth run each place has one more, which is killed, and then one without faults; then no object may be left
in the warehouse that no commit of the branch's history, no snapshot and no metadata log names, by this test's own
listing. After every twentieth the tables are dropped, so that the next runs create them.

With KEPT (a file) it goes on behind the last tenth run that KEPT knows of, and stops at the first tenth run after
FIRN_SOAK_SECONDS with exit code 75; what it counts is of all runs since KEPT was made. Of several workers each has
places of its own and takes every WORKERS-th run, from its number (1 is the first) on."""
import collections, json, os, random, re, sys, time, urllib.parse

from bad_places import NessiePlace, RestPlace, endpoint, one_table_a_commit, rest_uri
from nessie_api import URI
from proxy import Fault, Proxy
import seeds

firn, runs = sys.argv[1], int(sys.argv[2])
worker, workers = (int(a) for a in (sys.argv[5:7] or (1, 1)))
COMMITTED = "Dashboards can now query"  # what the script says behind its COMMIT
XML = "<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>bad day</Message><Region>eu-west-1</Region></Error>"


# ---- faults -----------------------------------------------------------------------------------------------------------


def some(place, chance, server, kind, at_commit, **more):
    """One kind of fault at a request of the server: at the commit, or after some others."""
    if at_commit:
        return Fault(kind, place.commit.match.pattern, place.commit.method, **more)
    methods = {"s3": ("", "GET", "PUT"), "nessie": ("",)}.get(server, ("", "GET"))
    most = {"s3": 12, "nessie": 8}.get(server, 6)
    return Fault(kind, "", chance.choice(methods), skip=chance.randint(0, most), **more)


def passing(place, chance):
    """(server, fault): firn gets over it."""
    server = chance.choice(("s3", place.server))
    kind = chance.choice(("reset", "throttle", "limit", "broken", "gateway", "slow", "trickle", "cut", "lost", "late", "xml", "down", "gone"))
    at_commit = server != "s3" and kind not in ("limit", "broken", "xml") and chance.random() < 0.5
    count, seconds, during = chance.randint(1, 2), chance.choice((0.05, 0.3, 0.7)), chance.choice((0.3, 1, 2))
    more = {"count": count, "seconds": seconds}
    if kind == "xml":
        kind, more["reply"] = "says", (chance.choice((502, 503)), "application/xml", XML.format("ServiceUnavailable").encode())
    if kind in ("down", "gone"):
        kind, more = {"down": "throttle", "gone": "reset"}[kind], {"during": during}
    return server, some(place, chance, server, kind, at_commit, **more)


def lasting(place, chance):
    """(server, fault): it stays."""
    server = chance.choice(("s3", place.server))
    kinds = ("reset", "throttle", "html", "short", "says") + (() if server == "s3" else ("lost", "late", "gateway"))
    kind, reply = chance.choice(kinds), None
    if kind == "says" and server == "s3":
        code, word = chance.choice(((403, "AccessDenied"), (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (400, "ExpiredToken"),
                                    (403, "RequestTimeTooSkewed"), (400, "AuthorizationHeaderMalformed"), (404, "NoSuchBucket")))
        reply = code, "application/xml", XML.format(word).encode()
    elif kind == "says":
        reply = chance.choice(((200, "application/xml", XML.format("Denied").encode()), (401, "application/json", b"{}"), (403, "text/html", b"no")))
    at_commit = server != "s3" and (kind in ("lost", "late", "gateway") or chance.random() < 0.5)
    return server, some(place, chance, server, kind, at_commit, count=1 << 30, seconds=chance.choice((0.5, 3)), reply=reply)


def words(place, server, fault):
    said = fault.reply[2].decode()[:80] if fault.reply else ""
    how_long = f"{fault.during} s" if fault.during else f"{fault.count}x"
    return f"{place.server}: {fault.kind} {said} {how_long} at {server} {fault.method} {fault.match.pattern}, after {fault.skip}"


# ---- runs -------------------------------------------------------------------------------------------------------------


class Days:
    def __init__(self, seed, proxies, places, kept):
        self.seed, self.proxies, self.places, self.kept = seed, proxies, places, kept
        self.count, self.next, self.before = collections.Counter(), worker, 0.0
        self.started = time.monotonic()
        if kept and os.path.exists(kept):
            with open(kept) as f:
                was = json.load(f)
            assert was["seed"] == seed, f"{kept} is of seed {was['seed']}"
            self.count, self.next, self.before = collections.Counter(was["count"]), was["next"], was["seconds"]

    def seconds(self):
        return self.before + time.monotonic() - self.started

    def keep(self, n):
        if self.kept:
            with open(f"{self.kept}.new", "w") as f:
                json.dump({"seed": self.seed, "next": n + workers, "seconds": self.seconds(), "count": self.count}, f)
            os.rename(f"{self.kept}.new", self.kept)

    def meet(self, place, server, fault, n, busy):
        """A run that may meet the fault: (whether it did, exit code, output, errors)."""
        proxy = self.proxies[server]
        hits, requests = proxy.hits, sum(p.requests for p in self.proxies.values())
        proxy.faults = [fault]
        try:
            done = place.job("bad.yaml", n, busy)
        finally:
            proxy.faults = []
            for p in self.proxies.values():
                p.settle()
        self.count["faults"] += proxy.hits - hits
        self.count["requests"] += sum(p.requests for p in self.proxies.values()) - requests
        return (proxy.hits > hits, *done)

    def one(self, n):
        """Run n. A fault that it did not come to is drawn anew."""
        chance = random.Random(f"{self.seed}/{n}")
        place = chance.choice((self.places[0], *self.places))
        passes = chance.random() < 0.94
        for again in range(20):
            server, fault = (passing if passes else lasting)(place, chance)
            text, old, new = words(place, server, fault), place.state, n + 10000 * again
            if os.environ.get("FIRN_TALK"):
                print(n, text, flush=True)
            met, code, out, err = self.meet(place, server, fault, new, 20000 if passes else 1500)
            try:
                place.state = place.look({*old, new})
                (judge_passing if passes or not met else judge_lasting)(place, code, out, err, old, new)
            except AssertionError as e:
                raise AssertionError(f"{e}\nrun {n}, {text}, met: {met}, exit {code}\n{out}\n{err}") from e
            if met:
                break
        assert met, f"run {n} met no fault in 20 tries"
        if os.environ.get("FIRN_TALK"):
            print(f"{n} {text}: exit {code}\n{err}", flush=True)
        self.count["runs"] += 1
        self.count["passing" if passes else "lasting"] += 1
        self.count[f"exit {code}"] += 1
        self.count[place.server] += 1

    def killed(self, place, n):
        """firn is killed at some request, or at its commit, before or after that is carried out."""
        chance = random.Random(f"{self.seed}/{n}/{place.server}")
        server, kind, at_commit = chance.choice((("s3", "before", False), (place.server, "before", True), (place.server, "after", True)))
        fault = some(place, chance, server, kind, at_commit, act=place.kill)
        old, new = place.state, n + 2000000
        met, code, out, err = self.meet(place, server, fault, new, 20000)
        place.state = place.look({*old, new})
        what = f"{words(place, server, fault)}, met: {met}, exit {code}: from {old} to {place.state}\n{err}"
        assert code == (-9 if met else 0), what
        halves = {(new, old[1])} if place.one_by_one(old) else set()
        assert place.state in {old, (new, new)} | halves and (met or place.state == (new, new)), what
        self.count["killed"] += met

    def settle(self, n):
        """A run without faults in each place; what stands there afterwards."""
        files = 0
        for place in self.places:
            self.killed(place, n)
            code, out, err = place.job("bad.yaml", n + 1000000)
            assert code == 0, err
            place.state = place.look({n + 1000000})
            left = place.left_behind()
            assert not left, f"after run {n} nothing at {place.server} names {left}"
            files += len(place.named)
            if self.count["runs"] % 20 == 0:
                place.drop()
        self.keep(n)
        c = self.count
        print(f"{c['runs']} runs: {c['passing']} of passing faults, all ended well; {c['lasting']} of lasting ones: "
              + ", ".join(f"{c[k]} {k}" for k in sorted(c) if k.startswith("exit") and k != "exit 0")
              + f" ({c['exit 0']} exit 0 in all); {c['killed']} killed besides; {c['faults']} faults in {c['requests']} requests; on "
              + ", ".join(f"{p.server} {c[p.server]}" for p in self.places)
              + f"; nothing left behind of {files} files; {self.seconds():.0f} s", flush=True)


def judge_passing(place, code, out, err, old, new):
    assert code == 0, "a passing fault was not got over"
    assert place.state == (new, new), f"exit 0, but the state is {place.state}"


def judge_lasting(place, code, out, err, old, new):
    if code == 0: # a copy of the commit that came late after all, or a reply that was not needed
        assert place.state == (new, new), f"exit 0, but the state is {place.state}"
        return
    assert code in (1, 6, 9), "another exit code"
    assert re.search(r"s3a?://|http://|table|sales_", err), "the error names nothing"
    if COMMITTED in out:  # the queries behind the publish may fail too
        assert place.state == (new, new), f"it was published, but the state is {place.state}"
    elif "only a part was published" in err:
        assert code == 6 and place.state in ((new, old[1]), (new, new)), f"a part was published, but the state is {place.state}"
    else:
        assert place.state == old or code == 6 and place.state == (new, new), f"from {old} it left {place.state}"


def main():
    seed, kept = seeds.seed(3), sys.argv[4] if len(sys.argv) > 4 else None
    most = float(os.environ.get("FIRN_SOAK_SECONDS", "inf"))
    at = {"s3": urllib.parse.urlsplit(endpoint), "nessie": urllib.parse.urlsplit(URI), "rest": urllib.parse.urlsplit(rest_uri)}
    with Proxy(at["s3"].hostname, at["s3"].port) as s3, Proxy(at["nessie"].hostname, at["nessie"].port) as nessie, \
            Proxy(at["rest"].hostname, at["rest"].port) as rest, \
            Proxy(at["rest"].hostname, at["rest"].port, edit=one_table_a_commit) as single:
        proxies = {"s3": s3, "nessie": nessie, "REST": rest, "REST, one table a commit": single}
        ports = {k: p.port for k, p in proxies.items()}
        with NessiePlace(firn, ports) as a, RestPlace(firn, ports, "REST") as b, RestPlace(firn, ports, "REST, one table a commit") as c:
            days = Days(seed, proxies, (a, b, c), kept)
            for n in range(days.next, runs + 1, workers):
                days.one(n)
                last = n + workers > runs
                if days.count["runs"] % 10 == 0 or last:
                    days.settle(n)
                    if time.monotonic() - days.started > most and not last:
                        print(f"stopped behind run {n} of {runs}; the next start goes on there")
                        sys.exit(75)


main()
