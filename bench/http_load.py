"""Load over keep-alive connections: raw sockets and epoll, in a process of its own.

`python -m bench.http_load PORT PATH CONNECTIONS SECONDS` prints one JSON object: requests that
were sent and answered, answers by status and by the number they lead to, and latencies.
"""

import json
import re
import select
import socket
import sys
import time
from collections import Counter
from typing import Any

END = b"\r\n\r\n"
_TARGET = re.compile(rb"location: https://wa\.me/([0-9]+)")
AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"


def load(
    port: int, path: str, connections: int, seconds: float, most: int = sys.maxsize
) -> dict[str, Any]:
    """Ask as fast as answers come, `most` times at most. Answers must have no body."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {AGENT}\r\n"
        "Accept: text/html,*/*\r\nAccept-Language: id-ID,id;q=0.9\r\n\r\n"
    ).encode()
    poll = select.epoll()
    open_: dict[int, socket.socket] = {}
    sent_at: dict[int, float] = {}
    clock = time.perf_counter
    for _ in range(connections):
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        open_[plain.fileno()] = plain
        poll.register(plain, select.EPOLLIN)
    statuses: Counter[str] = Counter()
    targets: Counter[bytes] = Counter()
    latencies: list[float] = []
    partial: dict[int, bytes] = {}
    sent = 0
    began = clock()
    until = began + seconds
    for number, plain in open_.items():
        plain.send(request)
        sent_at[number] = clock()
        sent += 1
    while sent_at:
        for number, _ in poll.poll(1.0):
            plain = open_[number]
            try:
                got = plain.recv(65536)
            except ConnectionError:
                got = b""
            if not got:  # the server is gone: what was asked stays without an answer
                poll.unregister(number)
                sent_at.pop(number, None)
                continue
            if number in partial:
                got = partial.pop(number) + got
            if not got.endswith(END):
                partial[number] = got
                continue
            now = clock()
            latencies.append(now - sent_at.pop(number))
            statuses[got[9:12].decode()] += 1
            found = _TARGET.search(got)
            if found:
                targets[found[1]] += 1
            if now < until and sent < most:
                try:
                    plain.send(request)
                except ConnectionError:
                    continue
                sent_at[number] = now
                sent += 1
        if clock() > until + 10.0:
            break
    took = max(min(clock(), until) - began, 1e-9)
    for plain in open_.values():
        plain.close()
    latencies.sort()
    return {
        "sent": sent,
        "answered": len(latencies),
        "statuses": dict(statuses),
        "targets": {phone.decode(): count for phone, count in sorted(targets.items())},
        "seconds": took,
        "rate": len(latencies) / took,
        "p50_ms": _at(latencies, 0.50),
        "p99_ms": _at(latencies, 0.99),
        "worst_ms": _at(latencies, 1.0),
    }


def _at(latencies: list[float], share: float) -> float:
    if not latencies:
        return 0.0
    return 1000 * latencies[min(int(share * len(latencies)), len(latencies) - 1)]


if __name__ == "__main__":
    print(json.dumps(load(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
