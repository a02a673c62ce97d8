"""proxy.py - stands between firn and one server, passes HTTP/1.1 requests on, and has bad days.

    with Proxy("127.0.0.1", 19120) as p:
        p.faults = [Fault("throttle", match="history/commit", count=2)]
        ... firn talks to p.port ...
        p.hits       # how often a fault was shown

Requests go through as they came (the Host header too, so that signatures stay valid). A fault takes the next `count`
requests that it matches, after `skip` others, or with `during` all of them for so many seconds:

    reset      the connection is reset and nothing is passed on
    throttle   503 with Retry-After: 0; nothing is passed on
    limit      429 likewise
    broken     500 and nothing is passed on
    broken_done  passed on and carried out, but the reply is a 500 of the proxy's own
    gateway    504 likewise: passed on and carried out
    slow       passed on after `seconds`
    trickle    passed on; the reply's body comes in pieces over `seconds`
    cut        passed on; half of the reply's body, then the connection is reset
    short      passed on; half of the reply's body, which its head says is all
    lost       passed on and carried out; the connection is reset instead of a reply
    late       act(), if there is one; the connection is reset at once; the request is passed on `seconds` later
    html       200 with a page of HTML; nothing is passed on
    before     act() is called and the connection reset; nothing is passed on
    after      passed on and carried out; act() is called and the connection reset
    says       the fault's `reply`: status, content type, body; nothing is passed on

A proxy with `tls` (an ssl.SSLContext) speaks https to firn. `edit(path, body)` changes what the server says.
"""
import http.client, re, socket, struct, threading, time


class Fault:
    def __init__(self, kind, match="", method="", count=1, skip=0, seconds=0.2, during=0, reply=None, act=None):
        self.kind, self.match, self.method = kind, re.compile(match), method
        self.count, self.skip, self.seconds, self.during, self.until = count, skip, seconds, during, None
        self.reply, self.act = reply, act

    def takes(self, method, path):
        if self.count <= 0 or (self.method and method not in self.method.split("|")) or not self.match.search(path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.during:
            self.until = self.until or time.monotonic() + self.during
            return time.monotonic() < self.until
        self.count -= 1
        return True


class Proxy:
    def __init__(self, host, port, tls=None, edit=None):
        self.tls, self.edit = tls, edit
        self.upstream, self.faults, self.hits, self.requests = (host, port), [], 0, 0
        self._lock, self._pending = threading.Lock(), []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.close()
        self.settle()

    def settle(self):
        """Waits until every late request has been passed on."""
        while self._pending:
            self._pending.pop().join()

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            try:
                client = self.tls.wrap_socket(client, server_side=True)
            except OSError: # the other side does not trust it
                return client.close()
        stream, server = client.makefile("rb"), http.client.HTTPConnection(*self.upstream, timeout=60)
        try:
            while self._one(client, stream, server):
                pass
        except (OSError, http.client.HTTPException, ValueError):
            reset(client)
        finally:
            for x in (stream, client, server):
                x.close()

    def _one(self, client, stream, server):
        """One request and its reply; False when the connection is over."""
        request = read_request(client, stream)
        if not request:
            return False
        method, path = request[0], request[1]
        with self._lock:
            self.requests += 1
            fault = next((f for f in self.faults if f.takes(method, path)), None)
            self.hits += fault is not None
        kind = fault.kind if fault else ""
        if kind == "before":
            fault.act()
        if kind in ("reset", "before"):
            return reset(client)
        if kind == "late":
            if fault.act:
                fault.act()
            t = threading.Thread(target=self._later, args=(request, fault.seconds), daemon=True)
            self._pending.append(t)
            t.start()
            return reset(client)
        if kind in ("throttle", "limit", "broken"):
            code = {"throttle": 503, "limit": 429, "broken": 500}[kind]
            return reply(client, code, [("Retry-After", "0")], b"bad day")
        if kind in ("html", "says"):
            code, said, body = fault.reply or (200, "text/html", b"<html><body>Please log in</body></html>")
            return reply(client, code, [("Content-Type", said)], b"" if method == "HEAD" else body)
        if kind == "slow":
            time.sleep(fault.seconds)
        code, headers, body = forward(server, request)
        if self.edit:
            body = self.edit(path, body)
        if kind == "after":
            fault.act()
        if kind in ("lost", "after"):
            return reset(client)
        if kind in ("broken_done", "gateway"):
            return reply(client, 500 if kind == "broken_done" else 504, [], b"bad day")
        if kind == "cut" and method != "HEAD":
            client.sendall(head(code, headers, len(body)) + body[:len(body) // 2])
            return reset(client)
        length = None if method == "HEAD" or code in (204, 304) else len(body)
        if kind == "short" and length:
            body = body[:length // 2]
            length = len(body)
        if kind == "trickle":
            client.sendall(head(code, headers, length))
            for piece in (body[i * len(body) // 8:(i + 1) * len(body) // 8] for i in range(8)):
                time.sleep(fault.seconds / 8)
                client.sendall(piece)
            return True
        client.sendall(head(code, headers, length) + body)
        return True

    def _later(self, request, seconds):
        time.sleep(seconds)
        server = http.client.HTTPConnection(*self.upstream, timeout=60)
        try:
            forward(server, request)
        except (OSError, http.client.HTTPException):
            pass
        server.close()


def read_request(client, stream):
    line = stream.readline(65536)
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers, length, chunked = [], 0, False
    while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
        key, value = line.decode("latin-1").rstrip("\r\n").split(":", 1)
        headers.append((key, value.strip()))
        if key.lower() == "content-length":
            length = int(value)
        elif key.lower() == "transfer-encoding":
            chunked = True
        elif key.lower() == "expect":
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = b""
    while chunked:
        size = int(stream.readline(65536).split(b";")[0], 16)
        body += stream.read(size)
        stream.readline(65536)
        chunked = size > 0
    if length:
        body = stream.read(length)
        if len(body) < length:
            return None
    return method, path, headers, body


def forward(server, request):
    """Passes a request on; a kept connection that the server has closed meanwhile is opened anew."""
    method, path, headers, body = request
    for attempt in (1, 2):
        try:
            server.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for key, value in headers:
                if key.lower() not in ("transfer-encoding", "content-length", "connection", "expect"):
                    server.putheader(key, value)
            if body or method in ("PUT", "POST"):
                server.putheader("Content-Length", str(len(body)))
            server.endheaders(body or None)
            r = server.getresponse()
            return r.status, r.getheaders(), r.read()
        except (http.client.BadStatusLine, ConnectionError):
            server.close()
            if attempt == 2:
                raise


def head(code, headers, length):
    lines = [f"HTTP/1.1 {code} {http.client.responses.get(code, 'Code')}"]
    skip = ("transfer-encoding", "connection", "keep-alive") + (("content-length",) if length is not None else ())
    lines += [f"{k}: {v}" for k, v in headers if k.lower() not in skip]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply(client, code, headers, body):
    client.sendall(head(code, headers, len(body)) + body)
    return True


def reset(client):
    """Ends a connection with RST: what was sent but not read is lost, as when a machine goes away."""
    try:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    client.close()
    return False
