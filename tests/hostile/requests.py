"""Requests: hostile bytes on a connection, cases 121 to 125 and 128; HOST and COOKIE stand for what is right.

Each is answered with one of its statuses, or the connection is closed (CLOSED); no answer tells how the studio is made.
"""

from dataclasses import dataclass
from itertools import chain

CLOSED = 0
SAID = b"HTTP/1.1\r\nHost: HOST\r\nCookie: COOKIE\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=x"
JOIN, UPLOAD, SIGN_OUT = "POST /gradio_api/queue/join", "POST /gradio_api/upload", "POST /signout"
PART = 'Content-Disposition: form-data; name="files"; filename="a.jsonl"\r\n'


@dataclass(frozen=True, slots=True)
class Request:
    number: str
    about: str
    raw: bytes
    statuses: tuple[int, ...]

    @property
    def id(self) -> str:
        return f"{self.number} {self.about}"


def raw(number: str, about: str, content: bytes, *statuses: int) -> Request:
    return Request(number, about, content, statuses)


def sent(
    number: str, about: str, line: str, *statuses: int, headers: tuple[str, ...] = (), body: bytes | str = b""
) -> Request:
    """A request of somebody who is signed in; its length is told unless a header tells it otherwise."""
    content = body.encode() if isinstance(body, str) else body
    told = "".join(f"{header}\r\n" for header in headers)
    if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        told += f"Content-Length: {len(content)}\r\n"
    return raw(
        number, about, line.encode("latin-1") + b" " + SAID + told.encode("latin-1") + b"\r\n" + content, *statuses
    )


def chunked(number: str, about: str, chunks: bytes, *statuses: int) -> Request:
    return sent(
        number,
        about,
        JOIN,
        *statuses,
        headers=("Transfer-Encoding: chunked", "Content-Type: application/json"),
        body=chunks,
    )


FILES = (
    "/etc/passwd", "//etc/passwd", "../../../etc/passwd", "..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd", "..\\..\\etc\\passwd", "%5c..%5c..%5cetc", "....//....//etc/passwd", "..;/..;/etc/passwd",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd", "/proc/self/environ", "/proc/self/cwd/app.py", "/dev/zero", "studio.db",
    "uploads/../studio.db", "/etc/passwd%00.png", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/",
    "https://evil.example/x", "//evil.example/x", "http:/evil.example", "HTTP://EVIL.EXAMPLE", "~/.ssh/id_rsa", "C:/Windows/win.ini",
    "\\\\evil.example\\share", "/%2e%2e/%2e%2e/etc/passwd", "%2Fetc%2Fpasswd", ".%00./etc/passwd", "*",
)  # fmt: skip

CASES: tuple[Request, ...] = (
    sent("E121", "JSON that says nothing of its kind", JOIN, 422, body='{"fn_index": 0, "data": [], "session_hash": "x"}'),
    sent("E121", "JSON as plain text", JOIN, 422, headers=("Content-Type: text/plain",), body='{"fn_index": 0, "data": []}'),
    sent("E121", "JSON in an encoding that it is not in", JOIN, 400, 403, 422, headers=("Content-Type: application/json; charset=utf-16",), body=b"\xff\xfe{\0"),
    sent("E121", "no JSON", JOIN, 400, 403, 422, headers=("Content-Type: application/json",), body="{"),
    sent("E121", "brackets nested 100,000 deep", JOIN, 400, 403, 422, headers=("Content-Type: application/json",), body="[" * 100_000),
    sent("E121", "an event that is not a number", JOIN, 404, headers=("Content-Type: application/json",), body='{"fn_index": "a", "data": [], "session_hash": "x"}'),
    sent("E121", "an event of 30 digits", JOIN, 400, 404, 422, headers=("Content-Type: application/json",), body='{"fn_index": ' + "9" * 30 + ', "data": [], "session_hash": "x"}'),
    sent("E121", "an event that there is not", JOIN, 404, headers=("Content-Type: application/json",), body='{"fn_index": 99999, "data": [], "session_hash": "x"}'),
    chunked("E121", "a chunk of a negative length", b"-5\r\n{}\r\n0\r\n\r\n", 400),
    chunked("E121", "a chunk longer than any number", b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n", 400, 413, CLOSED),
    chunked("E121", "a chunk whose length has words in it", b"2 evil\r\n{}\r\n0\r\n\r\n", 400, 422),
    chunked("E121", "a chunk that says it is shorter than it is", b"1\r\n{}\r\n0\r\n\r\n", 400),
    sent("E121", "a negative length", JOIN, 400, headers=("Content-Length: -1",)),
    sent("E121", "a length in words", JOIN, 400, headers=("Content-Length: many",)),
    sent("E121", "a length of 30 digits", JOIN, 400, 413, headers=("Content-Length: " + "9" * 30,)),
    sent("E121", "two lengths", JOIN, 400, headers=("Content-Length: 2", "Content-Length: 4"), body="{}{}"),
    sent("E121", "a length and chunks", JOIN, 400, 422, 403, headers=("Content-Length: 2", "Transfer-Encoding: chunked"), body=b"0\r\n\r\n"),
    sent("E121", "a way of packing that there is not", JOIN, 400, 501, headers=("Transfer-Encoding: chunked, gzip",), body=b"0\r\n\r\n"),
    sent("E121", "10,000 fields of a form", "POST /team/revoke-key", 400, 413, 422, headers=(FORM,), body="&".join(f"f{n}=x" for n in range(10_000))),
    sent("E121", "an upload without a boundary", UPLOAD, 400, headers=("Content-Type: multipart/form-data",), body="--x--"),
    sent("E121", "an upload that never ends", UPLOAD, 200, 400, headers=(MULTIPART,), body=f"--x\r\n{PART}\r\n\r\nabc"),
    sent("E121", "an upload of nothing", UPLOAD, 200, 400, 422, headers=(MULTIPART,), body="--x--\r\n"),
    sent("E121", "10,000 files at once", UPLOAD, 400, 413, headers=(MULTIPART,), body="".join(f"--x\r\n{PART}\r\n1\r\n" for _ in range(10_000)) + "--x--\r\n"),
    sent("E121", "a part whose head is 1 MB", UPLOAD, 400, 413, headers=(MULTIPART,), body=f"--x\r\n{PART}X: {'y' * 1_000_000}\r\n\r\n1\r\n--x--\r\n"),
    sent("E121", "a part with 1,000 heads", UPLOAD, 400, 413, headers=(MULTIPART,), body="--x\r\n" + PART + "A: b\r\n" * 1000 + "\r\n1\r\n--x--\r\n"),
    sent("E121", "10,000 ranges", "GET /static/plotly.min.js", 200, 206, 400, 416, headers=("Range: bytes=" + ",".join(f"{n}-{n}" for n in range(0, 10_000, 2)),)),
    sent("E121", "a range that ends before it begins", "GET /static/plotly.min.js", 200, 400, 416, headers=("Range: bytes=9-1",)),
    sent("E121", "a range beyond the end", "GET /static/plotly.min.js", 200, 400, 416, headers=("Range: bytes=999999999999999999999999-",)),
    raw("E121", "a line of 100 kB", b"GET /" + b"x" * 100_000 + b" " + SAID + b"\r\n", 400, 404, 414, CLOSED),
    raw("E121", "a header of 100 kB", b"GET / " + SAID + b"X: " + b"y" * 100_000 + b"\r\n\r\n", 200, 400, 431, CLOSED),
    raw("E121", "10,000 headers", b"GET / " + SAID + b"".join(b"X%d: y\r\n" % n for n in range(10_000)) + b"\r\n", 200, 400, 431, CLOSED),
    raw("E121", "a NUL in a header", b"GET / " + SAID + b"X: a\0b\r\n\r\n", 400, CLOSED),
    raw("E121", "a blank before the colon", b"GET / " + SAID + b"Content-Length : 5\r\n\r\n", 400, CLOSED),
    raw("E121", "a header that goes on", b"GET / " + SAID + b"X: a\r\n b\r\n\r\n", 200, 400, CLOSED),
    raw("E121", "no host", b"GET / HTTP/1.1\r\n\r\n", 400, CLOSED),
    raw("E121", "a version that there is not", b"GET / HTTP/9.9\r\nHost: HOST\r\n\r\n", 400, 401, 505, CLOSED),
    raw("E121", "a version before the first", b"GET /\r\n\r\n", 400, CLOSED),
    raw("E121", "a verb that there is not", b"EVIL / " + SAID + b"\r\n", 404, 405),
    raw("E121", "a verb of 50 kB", b"E" * 50_000 + b" / " + SAID + b"\r\n", 400, 404, 405, CLOSED),
    raw("E121", "a way through to elsewhere", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n", 400, 404, 405, CLOSED),
    raw("E121", "another protocol", b"GET / " + SAID + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n", 200, 400, 403, 404),
    raw("E121", "TLS where there is none", bytes.fromhex("16030100c8010000c40303") + b"\xff" * 200, 400, CLOSED),
    raw("E121", "nothing but line ends", b"\r\n" * 1000, 400, CLOSED),
    raw("E121", "noise", bytes(range(256)) * 40, 400, CLOSED),
    raw("E122", "another host", b"GET /config HTTP/1.1\r\nHost: evil.example\r\nCookie: COOKIE\r\n\r\n", 400, 421),
    raw("E122", "two hosts", b"GET /config HTTP/1.1\r\nHost: HOST\r\nHost: evil.example\r\nCookie: COOKIE\r\n\r\n", 400),
    raw("E122", "a host with a path", b"GET /config HTTP/1.1\r\nHost: HOST/evil\r\nCookie: COOKIE\r\n\r\n", 400, 421),
    raw("E122", "a host with somebody", b"GET /config HTTP/1.1\r\nHost: evil@HOST\r\nCookie: COOKIE\r\n\r\n", 400, 421),
    raw("E122", "a whole address in the first line", b"GET http://evil.example/config " + SAID + b"\r\n", 400, 404),
    sent("E122", "a proxy's word that nobody asked for", "GET /config", 200, headers=("X-Forwarded-Host: evil.example", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-User: owner")),
    raw("E122", "a proxy's word in place of a cookie", b"GET /config HTTP/1.1\r\nHost: HOST\r\nX-Forwarded-User: owner\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n", 401),
    *(sent("E122", f"a way that leads elsewhere: {place[:24]}", f"GET {place}", 400, 404, 401)
      for place in ("//evil.example/", "////evil.example", "/\\evil.example", "/%0d%0aSet-Cookie:x=1", "/..%2f..%2fetc/passwd", "/%00", "/./team/../config/..")),
    *(sent("E123", f"from {origin[:20]}", SIGN_OUT, 403, headers=(f"Origin: {origin}", FORM))
      for origin in ("null", "http://evil.example", "https://HOST.evil.example", "http://HOST.evil.example", "http://evil@HOST", "http://sub.HOST")),
    sent("E123", "from a page of another site, without a word of where", SIGN_OUT, 403, headers=("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", FORM)),
    sent("E123", "asked beforehand by another site", "OPTIONS /gradio_api/queue/join", 400, 403, 404, 405, headers=("Origin: http://evil.example", "Access-Control-Request-Method: POST")),
    *chain.from_iterable(
        (sent("E124", f"a file by its path: {place[:28]}", f"GET /gradio_api/file={place}", 400, 401, 403, 404),
         sent("E124", f"a file below: {place[:28]}", f"GET /gradio_api/file/{place}", 400, 401, 403, 404))
        for place in FILES
    ),
    *(sent("E125", f"through this server to {place[:20]}", f"GET /gradio_api/proxy={place}", 400, 403, 404)
      for place in ("http://169.254.169.254/", "https://evil.example", "http://127.0.0.1:22", "file:///etc/passwd")),
    sent("E125", "a part's own server", "POST /gradio_api/component_server", 404, headers=("Content-Type: application/json",), body="{}"),
    sent("E125", "an event by a name that there is not", "POST /gradio_api/run/evil", 404, headers=("Content-Type: application/json",), body='{"data": []}'),
    sent("E125", "taking back what somebody else asked", "POST /gradio_api/cancel", 200, 404, 422, headers=("Content-Type: application/json",), body='{"session_hash": "x", "fn_index": 0, "event_id": "y"}'),
    sent("E125", "the answers to somebody else's presses", "GET /gradio_api/queue/data?session_hash=x", 200, 404),
    *(raw("E128", f"a key that is {about}", b"GET /config HTTP/1.1\r\nHost: HOST\r\nAuthorization: " + key + b"\r\n\r\n", 401, 400, 431)
      for about, key in (("nothing", b"Bearer "), ("short", b"Bearer stu_1"), ("no key", b"Bearer " + b"\xff" * 40), ("long", b"Bearer " + b"x" * 40_000), ("a password", b"Basic YTpi"))),
    raw("E128", "a key in the address", b"GET /config?key=stu_12345678_abc&access_token=x HTTP/1.1\r\nHost: HOST\r\n\r\n", 401),
    raw("E128", "a cookie of 40 kB", b"GET /config HTTP/1.1\r\nHost: HOST\r\nCookie: studio=" + b"x" * 40_000 + b"\r\n\r\n", 401, 400, 431),
    raw("E128", "1,000 cookies", b"GET /config HTTP/1.1\r\nHost: HOST\r\nCookie: " + b"; ".join(b"c%d=x" % n for n in range(1000)) + b"\r\n\r\n", 401),
)  # fmt: skip
