"""The door to other people's servers: what may be asked, where it connects, and what comes back."""

import gzip
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.kit.outbound_http import ANSWER_BYTES_MOST, Door, Refused, Unanswered
from services.kit.public_addresses import is_public

SLOW_S = 5.0


class Server(ThreadingHTTPServer):
    """A server on this machine that counts who connects, and keeps what was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.asked = []
        self.released = threading.Event()

    def get_request(self):
        self.connections += 1
        return super().get_request()

    @property
    def port(self):
        return self.server_address[1]

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        path, _, rest = self.path.partition("?")
        match path:
            case "/to":
                self._answer(302, b"", location=rest)
            case "/see-other":
                self._answer(303, b"", location=rest)
            case "/keep":
                self._answer(307, b"", location=rest)
            case "/loop":
                self._answer(302, b"", location="/loop")
            case "/large":
                self._answer(200, b"x" * (ANSWER_BYTES_MOST + 1))
            case "/bomb":
                packed = gzip.compress(b"0" * (ANSWER_BYTES_MOST * 50))
                self._answer(200, packed, **{"content-encoding": "gzip"})
            case "/packed":
                self._answer(200, gzip.compress(b"halo"), **{"content-encoding": "gzip"})
            case "/brotli":
                self._answer(200, b"?", **{"content-encoding": "br"})
            case "/latin":
                self._answer(200, "é".encode("latin-1"), **{"content-type": "a/b; charset=latin-1"})
            case "/slow":
                self.server.released.wait(SLOW_S)
                self._answer(200, b"late")
            case "/drip":
                self.send_response(200)
                self.send_header("content-length", "1000")
                self.end_headers()
                while not self.server.released.wait(0.05):
                    try:
                        self.wfile.write(b"x")
                    except OSError:
                        return
            case "/503":
                self._answer(503, b"busy")
            case _:
                self._answer(200, b"halo")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET

    def _answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.released.set()
    made.shutdown()
    thread.join()
    made.server_close()


def permitted(server, host="127.0.0.1", **more):
    """A door whose owner permits this server."""
    return Door([f"{host}:{server.port}"], **more)


def to_here(host, port):
    """A name that leads to this machine."""
    return ["127.0.0.1"]


# --------------------------------------------------------------------------- addresses

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:0:53aa::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "100::1",
    "5f00::1",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
]
PUBLIC = (
    "8.8.8.8 1.1.1.1 103.10.1.1 172.32.0.1 192.169.0.1 100.128.0.1 2606:4700::1111 2404:6800::1"
)


@pytest.mark.parametrize("address", PRIVATE)
def test_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "169.254.169.254",
        "100.100.100.200",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "127.0.0.1.",
        "LOCALHOST",
    ],
)
def test_no_spelling_of_an_own_address_is_asked(host):
    """Port 80 and 443 are where nothing of ours listens; the refusal comes before any dialling."""
    with pytest.raises((Refused, Unanswered)) as refused:
        Door().ask("GET", f"http://{host}/", timeout_s=3)

    assert refused.value.code in ("forbidden_address", "no_such_host")


def test_a_name_that_leads_here_is_refused_without_a_connection(server):
    door = Door(resolve=to_here)

    for url in ("http://toko.example/", "https://toko.example/"):
        with pytest.raises(Refused) as refused:
            door.ask("GET", url)
        assert refused.value.code == "forbidden_address"
    assert server.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["8.8.8.8", "127.0.0.1"],
        ["8.8.8.8", "::1"],
        ["::ffff:10.0.0.1"],
        ["2002:7f00:1::"],
    ],
)
def test_one_private_address_among_public_ones_is_enough_to_refuse(addresses):
    with pytest.raises(Refused, match="private network"):
        Door(resolve=lambda host, port: addresses).ask("GET", "https://toko.example/")


def test_a_name_is_looked_up_once_and_what_was_found_is_dialled(server):
    asked = []

    def changes_its_mind(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    door = permitted(server, "toko.example", resolve=changes_its_mind)

    assert door.ask("GET", server.url("/", "toko.example")).status == 200
    assert asked == ["toko.example"]
    assert server.asked[0][2]["Host"] == f"toko.example:{server.port}"


def test_rebinding_to_this_machine_between_two_hops_is_refused(server):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    door = permitted(server, "a.example", resolve=lambda host, port: next(answers))

    with pytest.raises(Refused) as refused:
        door.ask("GET", server.url("/to?http://b.example/", "a.example"))

    assert refused.value.code == "forbidden_address"


@pytest.mark.parametrize("port", [22, 25, 3306, 6379, 8000, 8080])
def test_only_the_ports_of_the_web_are_asked(port):
    with pytest.raises(Refused) as refused:
        Door(resolve=lambda host, asked: ["8.8.8.8"]).ask("GET", f"http://toko.example:{port}/")

    assert refused.value.code == "forbidden_port"


def test_the_owner_may_permit_a_host_by_its_port_and_no_other(server):
    assert permitted(server).ask("GET", server.url("/")).text == "halo"
    with pytest.raises(Refused):
        Door(["127.0.0.1"]).ask("GET", server.url("/"))
    with pytest.raises(Refused):
        Door([f"localhost:{server.port}"]).ask("GET", server.url("/"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "toko.id",
        "//toko.id/",
        "ftp://toko.id/",
        "file:///etc/passwd",
        "gopher://toko.id/",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://a@127.0.0.1/",
        "http://toko.id@127.0.0.1/",
        "http://user:sandi@toko.id/",
        "http://127.0.0.1\\@toko.id/",
        "http://toko.id\\.evil.id/",
        "http://toko.id /",
        "http://toko.id/\r\nHost: x",
        "http://toko.id/\t",
        "http://toko.id:99999/",
        "http://toko.id:-1/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://１２７.0.0.1/",
        "http://tokö.id/",
        "http://to ko.id/",
        "http://toko.id/" + "x" * 3_000,
        None,
        5,
    ],
)
def test_no_trick_in_an_address_is_followed(url):
    with pytest.raises(Refused) as refused:
        Door(resolve=lambda host, port: ["8.8.8.8"]).ask("GET", url)

    assert refused.value.code in ("bad_url", "forbidden_port")


def test_a_fragment_is_not_sent(server):
    permitted(server).ask("GET", server.url("/a?b=1#@10.0.0.1/"))

    assert server.asked[0][1] == "/a?b=1"


def test_a_proxy_of_the_environment_is_not_used(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert permitted(server).ask("GET", server.url("/")).status == 200


# --------------------------------------------------------------------------- redirects


def test_follows_redirects_to_where_it_may_go(server):
    answer = permitted(server).ask("GET", server.url("/to?/there"))

    assert answer.text == "halo"
    assert answer.url == server.url("/there")


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1/", "http://169.254.169.254/", "http://[::1]/"]
)
def test_a_redirect_to_an_own_address_is_refused(server, target):
    with pytest.raises(Refused) as refused:
        permitted(server).ask("GET", server.url(f"/to?{target}"))

    assert refused.value.code == "forbidden_address"
    assert server.connections == 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://a.id/", "http://a@b.id/"])
def test_a_redirect_to_no_web_address_is_refused(server, target):
    with pytest.raises(Refused) as refused:
        permitted(server).ask("GET", server.url(f"/to?{target}"))

    assert refused.value.code == "bad_url"


def test_goes_round_three_times_and_no_more(server):
    with pytest.raises(Refused) as refused:
        permitted(server).ask("GET", server.url("/loop"))

    assert refused.value.code == "too_many_redirects"
    assert server.connections == 4


@pytest.mark.parametrize(
    ("path", "method", "body"), [("/keep", "POST", b"isi"), ("/see-other", "GET", b"")]
)
def test_a_redirect_keeps_or_drops_the_body_as_http_says(server, path, method, body):
    permitted(server).ask("POST", server.url(f"{path}?/there"), body="isi")

    assert (server.asked[1][0], server.asked[1][3]) == (method, body)


def test_another_host_does_not_see_our_keys(server):
    door = Door([f"a.example:{server.port}", f"b.example:{server.port}"], resolve=to_here)
    there = server.url("/there", "b.example")

    door.ask(
        "GET",
        server.url(f"/to?{there}", "a.example"),
        headers={"Authorization": "Bearer x", "X-Api-Key": "x", "Cookie": "x", "Accept": "a/b"},
    )

    first, second = ({name.lower() for name in one[2]} for one in server.asked)
    assert {"authorization", "x-api-key", "cookie", "accept"} <= first
    assert not {"authorization", "x-api-key", "cookie"} & second
    assert "accept" in second


# --------------------------------------------------------------------------- requests


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "post"])
def test_asks_with_the_methods_of_the_web(server, method):
    assert permitted(server).ask(method, server.url("/")).status == 200
    assert server.asked[0][0] == method.upper()


@pytest.mark.parametrize(
    "method", ["CONNECT", "TRACE", "OPTIONS", "GET / HTTP/1.1\r\nX:", "", None]
)
def test_refuses_other_methods(server, method):
    with pytest.raises(Refused) as refused:
        permitted(server).ask(method, server.url("/"))

    assert (refused.value.code, server.connections) == ("bad_method", 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x"},
        {"host": "x"},
        {"Content-Length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
        {"Proxy-Authorization": "x"},
        {"Upgrade": "h2c"},
        {"X": "a\r\nHost: b"},
        {"X": "a\nb"},
        {"X": "a\0b"},
        {"X": "é"},
        {"X\r\nHost": "b"},
        {"X Y": "b"},
        {"": "b"},
        {"X": None},
        {"X": "a" * 9_000},
        {f"X-{number}": "a" for number in range(51)},
    ],
)
def test_refuses_headers_that_could_change_the_request(server, headers):
    with pytest.raises(Refused) as refused:
        permitted(server).ask("GET", server.url("/"), headers=headers)

    assert (refused.value.code, server.connections) == ("bad_header", 0)


def test_sends_headers_and_body_as_they_are(server):
    permitted(server).ask(
        "POST", server.url("/"), headers={"X-Toko": "Maju", "content-type": "a/b"}, body="isi é"
    )

    _, _, headers, body = server.asked[0]
    assert headers["x-toko"] == "Maju"
    assert body == "isi é".encode()


def test_a_body_that_is_too_large_is_not_sent(server):
    with pytest.raises(Refused) as refused:
        permitted(server).ask("POST", server.url("/"), body=b"x" * (1024 * 1024 + 1))

    assert (refused.value.code, server.connections) == ("body_too_large", 0)


# --------------------------------------------------------------------------- answers


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_an_answer_that_is_too_large_is_given_up(server, path):
    with pytest.raises(Unanswered) as given_up:
        permitted(server).ask("GET", server.url(path))

    assert given_up.value.code == "answer_too_large"
    assert not given_up.value.temporary


@pytest.mark.parametrize(("path", "text"), [("/packed", "halo"), ("/latin", "é"), ("/503", "busy")])
def test_reads_an_answer_as_text(server, path, text):
    assert permitted(server).ask("GET", server.url(path)).text == text


def test_an_answer_in_a_packing_nobody_asked_for_is_none(server):
    with pytest.raises(Unanswered, match="br"):
        permitted(server).ask("GET", server.url("/brotli"))


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_the_whole_answer_has_one_time_limit(server, path):
    began = time.monotonic()

    with pytest.raises(Unanswered) as late:
        permitted(server).ask("GET", server.url(path), timeout_s=0.4)

    assert (late.value.code, late.value.temporary) == ("timeout", True)
    assert time.monotonic() - began < SLOW_S / 2


def test_a_look_up_that_hangs_has_the_same_limit():
    released = threading.Event()

    def hangs(host, port):
        released.wait(SLOW_S)
        return ["8.8.8.8"]

    with pytest.raises(Unanswered) as late:
        Door(resolve=hangs).ask("GET", "https://toko.example/", timeout_s=0.2)
    released.set()

    assert late.value.code == "timeout"


def test_nobody_there_is_temporary(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        with pytest.raises(Unanswered) as gone:
            Door([f"127.0.0.1:{port}"]).ask("GET", f"http://127.0.0.1:{port}/")

    assert (gone.value.code, gone.value.temporary) == ("unreachable", True)


def test_a_name_nobody_has_is_told():
    def nobody(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unanswered) as gone:
        Door(resolve=nobody).ask("GET", "https://tidak-ada.example/")

    assert gone.value.code == "no_such_host"


def test_speaks_tls_only_with_who_can_prove_its_name(server):
    with pytest.raises(Unanswered) as refused:
        permitted(server).ask("GET", f"https://127.0.0.1:{server.port}/")

    assert refused.value.code in ("bad_certificate", "unreachable", "bad_answer")
    assert server.asked == []
