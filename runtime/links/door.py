"""The hot route: an ASGI layer before everything else, which answers `/link/` and passes the rest.

A click is a look into memory, one line in the journal, and a redirect. It waits for nothing but
that line, and leaves out the web framework, which would cost as much again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import orjson
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from domain.click_codes import encode
from runtime.links import own_flow, pages
from runtime.links.desk import Desk
from runtime.links.link import Link
from runtime.links.pages import Language
from runtime.links.visitors import Visitors
from services.kit.clock import Clock
from services.kit.db import AWAY, Database
from services.kit.edge import REQUESTS, SECURITY_HEADERS
from services.rotators.clicks.click import REFERER_CHARS, USER_AGENT_CHARS
from services.rotators.words import SLUG, SOURCE_CHARS_MOST, SOURCE_KEYS, UTM

PREFIX = "/link/"
PATIENCE_S = 0.5
"""So long a click waits for the database when a copy, though old, is at hand."""
QUERY_BYTES_MOST = 8_192
ADDRESSES_KEPT = 100_000
CODE_BYTES = 5

_SLUG = re.compile(SLUG)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_BOT = re.compile(
    rb"(?i)(?<!cu)bot(?:\b|/)|crawl|spider|slurp|facebookexternalhit|facebookcatalog"
    rb"|meta-external|whatsapp/|telegrambot|skypeuripreview|preview|embedly|vkshare|pinterest/0|google-inspectiontool"
    rb"|googleother|apis-google|mediapartners|feedfetcher|lighthouse|headlesschrome|monitor"
    rb"|curl/|wget/|python-requests|python-httpx|aiohttp|go-http-client|okhttp/|scanner|validator"
)
"""Who asks for previews and who is no person; in-app browsers (FBAN, Instagram) are people."""
_PREFETCH = (b"purpose", b"sec-purpose", b"x-purpose", b"x-moz")

CLICKS = Counter("alir_link_answers_total", "Answers of links, by kind.", ["answer"])
_ANSWERS = {
    word: CLICKS.labels(word)
    for word in (
        "redirected",
        "uncounted",
        "preview",
        "head",
        "closed",
        "unknown",
        "away",
        "limited",
        "method",
        "flow",
        "not_written",
    )
}
_REDIRECTED = REQUESTS.labels("GET", "302")

log = structlog.get_logger("runtime.links")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
_SAFE: Headers = [
    (name.lower().encode(), value.encode())
    for name, value in SECURITY_HEADERS.items()
    if name != "Content-Security-Policy"
]
_REDIRECT: Headers = [
    (b"content-length", b"0"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", SECURITY_HEADERS["Content-Security-Policy"].encode()),
    *_SAFE,
]
_PAGE: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", pages.CONTENT_SECURITY_POLICY.encode()),
    *_SAFE,
]
_EMPTY: Message = {"type": "http.response.body", "body": b""}


class Bucket:
    """At most so many clicks a minute from one address; 0: any number."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._counts: dict[str, int] = {}
        self._until_s = 0.0

    def take(self, address: str, now_s: float) -> bool:
        if not self._per_minute:
            return True
        if now_s >= self._until_s or len(self._counts) > ADDRESSES_KEPT:
            self._counts, self._until_s = {}, now_s + 60.0
        count = self._counts[address] = self._counts.get(address, 0) + 1
        return count <= self._per_minute


class Visit:
    """What a request tells of its visitor."""

    __slots__ = ("agent", "cookies", "language", "prefetched", "query", "referer")

    def __init__(self, scope: Scope) -> None:
        self.agent = self.cookies = self.referer = self.language = b""
        self.prefetched = False
        for name, value in scope["headers"]:
            if name == b"user-agent":
                self.agent = value
            elif name == b"cookie":
                self.cookies = value
            elif name == b"referer":
                self.referer = value
            elif name == b"accept-language":
                self.language = value
            elif name in _PREFETCH and (b"prefetch" in value or b"preview" in value):
                self.prefetched = True
        self.query: bytes = scope["query_string"]

    def speaks(self) -> Language:
        return pages.language_of(self.language.decode("latin-1"))

    def is_bot(self) -> bool:
        return not self.agent or _BOT.search(self.agent) is not None

    def source(self) -> dict[str, str]:
        """What of the address is kept: utm_*, the ids of advertisers, the printed code's label."""
        if not self.query or len(self.query) > QUERY_BYTES_MOST:
            return {}
        try:
            pairs = parse_qsl(self.query.decode("latin-1"), max_num_fields=100)
        except ValueError:
            return {}
        told: dict[str, str] = {}
        for name, value in pairs:
            if name in SOURCE_KEYS and name not in told:
                told[name] = _CONTROL.sub(" ", value)[:SOURCE_CHARS_MOST]
        return told


class Door:
    """Answers `/link/{slug}`; begins and ends the desk's work with the process."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        desk: Desk,
        database: Database,
        clock: Clock,
        visitors: Visitors,
        per_minute: int,
        base_url: str,
        rng: Random | None = None,
    ) -> None:
        self._app = app
        self._desk = desk
        self._database = database
        self._clock = clock
        self._visitors = visitors
        self._bucket = Bucket(per_minute)
        self._base_url = base_url
        self._rng = rng or Random()
        self._finding: dict[str, asyncio.Future[Link | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"].startswith(PREFIX):
                await self._answer(scope, send)
                return
        elif scope["type"] == "lifespan":
            await self._app(scope, self._with_desk(receive), send)
            return
        await self._app(scope, receive, send)

    def _with_desk(self, receive: Receive) -> Receive:
        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._desk.start()
            elif message["type"] == "lifespan.shutdown":
                await asyncio.to_thread(self._desk.stop)
            return message

        return received

    # ------------------------------------------------------------------ a click

    async def _answer(self, scope: Scope, send: Send) -> None:
        method = scope["method"]
        slug = scope["path"][len(PREFIX) :]
        visit = Visit(scope)
        now_s = self._clock.monotonic()
        client = scope.get("client")
        address = client[0] if client else ""
        if method not in ("GET", "HEAD"):
            allow = [(b"allow", b"GET, HEAD")]
            await self._page(
                send, scope, 405, "method", pages.plain("method", visit.speaks()), allow
            )
            return
        if not self._bucket.take(address, now_s):
            page = pages.plain("limited", visit.speaks())
            await self._page(send, scope, 429, "limited", page, [(b"retry-after", b"60")])
            return
        link = self._desk.book.kept(slug, now_s)
        if link is None or not link.turns.is_leased:
            try:
                link = await self._find(slug, now_s)
            except AWAY:
                page = pages.plain("away", visit.speaks())
                await self._page(send, scope, 503, "away", page, [(b"retry-after", b"5")])
                return
            if link is None:
                page = pages.plain("unknown", visit.speaks())
                await self._page(send, scope, 404, "unknown", page)
                return
        if link.plan is not None:
            await self._by_own_flow(link, link.plan, scope, visit, address, send)
        elif method == "HEAD":
            await self._head(link, scope, visit, send)
        elif visit.is_bot():
            await self._preview(link, scope, visit, address, send)
        else:
            await self._click(link, scope, visit, address, send)

    async def _click(
        self, link: Link, scope: Scope, visit: Visit, address: str, send: Send
    ) -> None:
        now = self._clock.now()
        cookie = b""
        visitor = self._visitors.known(visit.cookies) if visit.cookies else None
        if visitor is None:
            visitor, cookie = self._visitors.fresh()
        at_s = now.timestamp()
        target = link.choose(at_s, visitor, self._rng)
        if target is None:
            page = pages.closed(link, now, visit.speaks())
            await self._page(send, scope, 200, "closed", page)
            return
        if link.turns.is_low:
            self._desk.nudge()
        link.loads.led(target.phone, at_s)
        source = visit.source() if visit.query else {}
        code = self._code()
        counted = not visit.prefetched
        self._write(link, target.phone, code, visitor, counted, address, visit, source, now)
        headers = [
            (b"location", link.location(target, code, source).encode("ascii")),
            *_REDIRECT,
            (b"x-request-id", self._visitors.random(8).hex().encode()),
        ]
        if cookie:
            headers.append((b"set-cookie", cookie))
        _ANSWERS["redirected" if counted else "uncounted"].inc()
        _REDIRECTED.inc()
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send(_EMPTY)

    def _write(
        self,
        link: Link,
        phone: str,
        code: str | None,
        visitor: str | None,
        counted: bool,
        address: str,
        visit: Visit,
        source: dict[str, str],
        now: datetime,
    ) -> None:
        """The click, on this disk before its visitor goes on. See `drain.payload`."""
        facts = link.facts
        agent, referer = visit.agent, visit.referer
        payload = orjson.dumps(
            (
                int(now.timestamp() * 1_000_000),
                facts.tenant_id,
                facts.id,
                phone,
                code,
                visitor,
                counted,
                address or None,
                agent.decode("latin-1")[:USER_AGENT_CHARS] if agent else None,
                referer.decode("latin-1")[:REFERER_CHARS] if referer else None,
                source,
            )
        )
        try:
            self._desk.write(payload)
        except OSError as error:
            # A full disk must not keep customers from the shop; the loss is told, not hidden.
            _ANSWERS["not_written"].inc()
            log.error("link_click_not_written", link=facts.id, problem=str(error))

    def _code(self) -> str:
        return encode(int.from_bytes(self._visitors.random(CODE_BYTES)))

    # ------------------------------------------------------------------ all other answers

    async def _find(self, slug: str, now_s: float) -> Link | None:
        """Look the link up in a thread, one look-up for all who wait. Raises: one of AWAY."""
        book = self._desk.book
        if not _SLUG.match(slug) or book.is_unknown(slug, now_s):
            return None
        old = book.old(slug)
        if old is not None and book.is_away(now_s):
            return old
        found = self._finding.get(slug)
        if found is None or found.get_loop() is not asyncio.get_running_loop():
            found = asyncio.ensure_future(asyncio.to_thread(book.find, slug))
            self._finding[slug] = found
            found.add_done_callback(_forget(self._finding, slug))
        if old is None:
            return await asyncio.shield(found)
        try:
            return await asyncio.wait_for(asyncio.shield(found), PATIENCE_S)
        except TimeoutError:
            return old

    async def _head(self, link: Link, scope: Scope, visit: Visit, send: Send) -> None:
        """Where a click would lead, without a click: nothing is counted, nobody's turn is taken."""
        now = self._clock.now()
        target = link.choose(now.timestamp(), "-", self._rng, link.turns.peek())
        if target is None:
            await self._page(send, scope, 200, "closed", pages.closed(link, now, visit.speaks()))
            return
        _ANSWERS["head"].inc()
        location = f"https://wa.me/{target.phone}".encode("ascii")
        headers = [(b"location", location), *_REDIRECT]
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send(_EMPTY)

    async def _preview(
        self, link: Link, scope: Scope, visit: Visit, address: str, send: Send
    ) -> None:
        now = self._clock.now()
        self._write(link, "", None, None, False, address, visit, visit.source(), now)
        url = f"{self._base_url}{PREFIX}{link.facts.slug}"
        await self._page(send, scope, 200, "preview", pages.preview(link, url, visit.speaks()))

    async def _by_own_flow(
        self, link: Link, plan: Any, scope: Scope, visit: Visit, address: str, send: Send
    ) -> None:
        now = self._clock.now()
        is_head = scope["method"] == "HEAD"
        if is_head or (own_flow.ignores_bots(plan) and visit.is_bot()):
            await self._preview(link, scope, visit, address, send)
            return
        if not link.facts.is_active:
            await self._page(send, scope, 200, "closed", pages.closed(link, now, visit.speaks()))
            return
        cookie = b""
        visitor = self._visitors.known(visit.cookies) if visit.cookies else None
        if visitor is None:
            visitor, cookie = self._visitors.fresh()
        source = visit.source()
        code = self._code()
        trigger = {
            "slug": link.facts.slug,
            "visitor": visitor,
            "source": source,
            "utm": {name: source.get(f"utm_{name}", "") for name in UTM},
            "referer": visit.referer.decode("latin-1")[:REFERER_CHARS],
        }
        index = link.turns.take()
        if link.turns.is_low:
            self._desk.nudge()
        try:
            answer = await asyncio.to_thread(
                own_flow.run, link, plan, trigger, index, code, self._database, now, visitor + code
            )
        except SQLAlchemyError as error:
            log.warning("link_flow_without_database", kind=type(error).__name__)
            answer = own_flow.Answered(why_not="away")
        for noted in answer.clicks:
            link.loads.led(noted.target, now.timestamp())
            self._write(
                link,
                noted.target,
                noted.code,
                visitor,
                not visit.prefetched,
                address,
                visit,
                dict(noted.source) or source,
                now,
            )
        if not answer.status:
            away = answer.why_not == "away"
            page = (
                pages.plain("away", visit.speaks())
                if away
                else pages.closed(link, now, visit.speaks())
            )
            await self._page(send, scope, 503 if away else 200, "away" if away else "closed", page)
            return
        _ANSWERS["flow"].inc()
        REQUESTS.labels(scope["method"], str(answer.status)).inc()
        headers = [
            (b"content-length", str(len(answer.body)).encode()),
            (b"content-security-policy", SECURITY_HEADERS["Content-Security-Policy"].encode()),
            *_SAFE,
            (b"x-request-id", self._visitors.random(8).hex().encode()),
        ]
        own = {name.lower().encode("latin-1"): value for name, value in answer.headers.items()}
        headers = [(name, value) for name, value in headers if name not in own]
        headers += [(name, value.encode("latin-1", "replace")) for name, value in own.items()]
        if b"cache-control" not in own:
            headers.append((b"cache-control", b"no-store"))
        if cookie:
            headers.append((b"set-cookie", cookie))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _page(
        self,
        send: Send,
        scope: Scope,
        status: int,
        answer: str,
        page: bytes,
        more: Headers | None = None,
    ) -> None:
        _ANSWERS[answer].inc()
        REQUESTS.labels(
            scope["method"] if scope["method"] in ("GET", "HEAD") else "OTHER", str(status)
        ).inc()
        headers = [
            (b"content-length", str(len(page)).encode()),
            *_PAGE,
            *(more or ()),
            (b"x-request-id", self._visitors.random(8).hex().encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else page
        await send({"type": "http.response.body", "body": body})


def _forget(
    finding: dict[str, asyncio.Future[Link | None]], slug: str
) -> Callable[[asyncio.Future[Link | None]], None]:
    def forget(done: asyncio.Future[Link | None]) -> None:
        if finding.get(slug) is done:
            del finding[slug]
        if not done.cancelled():
            done.exception()  # looked at here, whoever still waits for it

    return forget
