"""bad_settings.py FIRN - what does not pass by waiting: each is one clear error that says what is wrong, where, and what to set,
and leaves the tables as they were. MinIO, Nessie and the REST server judge for themselves; what they cannot judge (a token's
end) a proxy says as AWS does.

On each catalog the seed job stands already and is run again with one thing wrong; at the end it runs well, and nothing is
in the warehouse that no table names."""
import os, ssl, subprocess, sys, tempfile, urllib.parse, uuid

from bad_places import NessiePlace, RestPlace, endpoint, rest_uri
from nessie_api import URI
from proxy import Fault, Proxy

firn = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
OLD = 42
XML = "<Error><Code>{}</Code><Message>as AWS says it</Message>{}</Error>"
ran = 0


def make_certificate(work):
    """A certificate of 127.0.0.1 that nobody knows, and one of another name."""
    contexts = []
    for name in ("IP:127.0.0.1", "DNS:elsewhere.example"):
        path = f"{work}/{name[:2]}"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{path}.key", "-out", f"{path}.pem", "-days", "2",
                        "-subj", "/CN=firn test", "-addext", f"subjectAltName={name}"], check=True, capture_output=True)
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        contexts[-1].load_cert_chain(f"{path}.pem", f"{path}.key")
    return contexts[0], f"{work}/IP.pem", contexts[1], f"{work}/DN.pem"


def make_shim(work):
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", f"{work}/clock.so", f"{here}/../fault/clock_shim.c"], check=True)
    return {"LD_PRELOAD": f"{work}/clock.so", "CLOCK_AHEAD": "3600"}


def proxy(uri, tls=None):
    to = urllib.parse.urlsplit(uri)
    return Proxy(to.hostname, to.port, tls)


def at(uri, port, scheme="https"):
    return urllib.parse.urlsplit(uri)._replace(scheme=scheme, netloc=f"127.0.0.1:{port}").geturl()


def refused(place, what, code, words, properties, **env):
    """The job with these properties: its exit code and what its one error says."""
    global ran
    ran += 1
    got, out, err = place.job(place.changed("wrong.yaml", properties), OLD + 1, 1500, **env)
    told(place, what, code, words, got, err)
    assert place.look({OLD}) == (OLD, OLD), f"{place.server}: {what}: the state is another"


def well(place):
    """A job that ends well, after which nothing may be left of those that did not."""
    code, _, err = place.job("direct.yaml", OLD)
    assert code == 0 and place.look({OLD}) == (OLD, OLD), err
    left = place.left_behind()
    assert not left, f"{place.server}: nothing names {left}"


def told(place, what, code, words, got, err):
    text = f"{place.server}: {what}: exit {got}\n{err}"
    assert got == code, text
    errors = [line for line in err.splitlines() if line.startswith("firn: ")]
    assert len(errors) == 1, f"{text}\nnot one error"
    for word in words:
        assert word in errors[0], f"{text}\ndoes not say {word!r}"


def storage(place, shim, tls, ca, other, other_ca):
    """Everything about the object store; MinIO's own answers."""
    refused(place, "an unknown key", 1, ("openlakes", "the access key is not known there", "keys from s3.access-key-id"), {"s3.access-key-id": "nobody"})
    refused(place, "a wrong secret", 1, ("openlakes", "the secret key is wrong", "keys from s3.access-key-id"), {"s3.secret-access-key": "not-this-one"})
    refused(place, "a wrong region", 1, ("openlakes", "s3.region is eu-west-1", "set it to us-east-1"), {"s3.region": "eu-west-1"})
    refused(place, "a token that is none", 1, ("openlakes", "session token is not valid"), {"s3.session-token": "not-a-token"})
    refused(place, "a clock that is an hour ahead", 1, ("openlakes", "this machine's clock is wrong", "the server's says"), {}, **shim)
    refused(place, "a catalog in the store's place", 1, ("openlakes",), {"s3.endpoint": at(URI, urllib.parse.urlsplit(URI).port, "http")})
    with proxy(endpoint, tls) as p:
        secure = {"s3.endpoint": at(endpoint, p.port)}
        refused(place, "an unknown certificate", 1, (f"https://127.0.0.1:{p.port}", "not trusted", "s3.ssl.ca-file"), secure)
        code, _, err = place.job(place.changed("right.yaml", secure | {"s3.ssl.ca-file": ca}), OLD)
        assert code == 0, err
    with proxy(endpoint, other) as p:
        refused(place, "another's certificate", 1, (f"https://127.0.0.1:{p.port}", "target host name '127.0.0.1'"), {"s3.endpoint": at(endpoint, p.port), "s3.ssl.ca-file": other_ca})


def no_store(place):
    """Not reached in any of its tries, which take seconds."""
    secure = endpoint.replace("http", "https")
    refused(place, "nobody listens", 9, ("http://127.0.0.1:1/", "after 6 tries"), {"s3.endpoint": "http://127.0.0.1:1"})
    refused(place, "no machine", 9, ("no-such-machine.invalid", "after 6 tries"), {"s3.endpoint": "http://no-such-machine.invalid"})
    refused(place, "https to an http server", 9, (secure,), {"s3.endpoint": secure})


def catalog(place, uri, tls, ca, other, other_ca):
    refused(place, "nobody listens", 9, ("http://127.0.0.1:1/",), {"uri": at(uri, 1, "http")})
    refused(place, "a store in the catalog's place", 1, (endpoint, "the server answers 4"), {"uri": at(uri, urllib.parse.urlsplit(endpoint).port, "http")})
    with proxy(uri, tls) as p:
        refused(place, "an unknown certificate", 1, (f"https://127.0.0.1:{p.port}", "not trusted", "ssl.cabundle"), {"uri": at(uri, p.port)})
        code, _, err = place.job(place.changed("right.yaml", {"uri": at(uri, p.port), "ssl.cabundle": ca}), OLD)
        assert code == 0, err
    with proxy(uri, other) as p:
        refused(place, "another's certificate", 1, (f"https://127.0.0.1:{p.port}", "target host name '127.0.0.1'"), {"uri": at(uri, p.port), "ssl.cabundle": other_ca})
    with proxy(uri) as p:
        for status, said, body in ((401, "application/json", b"{}"), (403, "text/html", b"<p>no</p>")):
            p.faults = [Fault("says", count=1 << 30, reply=(status, said, body))]
            refused(place, f"{status}", 1, (f"http://127.0.0.1:{p.port}", f"answers {status}", "no credentials were shown"), {"uri": at(uri, p.port, "http")})
        p.faults = [Fault("says", count=1 << 30, reply=(200, "application/xml", XML.format("Ok", "").encode()))]
        refused(place, "XML where JSON belongs", 1, (f"http://127.0.0.1:{p.port}", "not JSON"), {"uri": at(uri, p.port, "http")})


def in_the_middle(place):
    """What AWS says when keys end while a run works, from the very first request or later; then S3 is closed while tables
    are created, so that nothing that was written can be deleted."""
    says = (("ExpiredToken", 400, "", "the session token has expired"), ("InvalidToken", 400, "", "session token is not valid"),
            ("TokenRefreshRequired", 400, "", "must be renewed"), ("AllAccessDisabled", 403, "", "closed to everybody"),
            ("PermanentRedirect", 301, "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>", "in another region"),
            ("AuthorizationHeaderMalformed", 400, "<Region>eu-central-1</Region>", "set it to eu-central-1"))
    with proxy(endpoint) as p:
        through = {"s3.endpoint": at(endpoint, p.port, "http")}
        for i, (word, status, more, words) in enumerate(says):
            p.faults = [Fault("says", count=1 << 30, skip=3 * (i % 3), reply=(status, "application/xml", XML.format(word, more).encode()))]
            refused(place, word, 1, ("s3://openlakes/", words), through)
        well(place) # a table's leftovers are cleared by the next publish of that table, not of another of its name
        place.drop()
        p.faults = [Fault("says", count=1 << 30, skip=4, reply=(403, "application/xml", XML.format("AccessDenied", "").encode()))]
        code, _, err = place.job(place.changed("wrong.yaml", through), OLD + 1)
        told(place, "closed while tables are created", 1, ("s3://openlakes/", "no right"), code, err)
        assert place.look({OLD}) == (0, 0) and place.left_behind(), "something should be left behind"


def main():
    with tempfile.TemporaryDirectory() as work:
        tls, shim = make_certificate(work), make_shim(work)
        nessie, rest = NessiePlace(firn, {"nessie": 1, "s3": 1}), RestPlace(firn, {"REST": 1, "s3": 1}, "REST")
        for place, uri in ((nessie, URI), (rest, rest_uri)):
            with place:
                well(place)
                storage(place, shim, *tls)
                if place is nessie:
                    no_store(place)
                catalog(place, uri, *tls)
                in_the_middle(place)
                well(place)
    print(f"{ran} settings that are wrong: one clear error each, the old state, and nothing left behind")


main()
