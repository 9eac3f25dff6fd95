"""The dashboard and designer: the files `make designer` built, for every address no route has."""

import re
import secrets
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from services.kit.edge import CONTENT_SECURITY_POLICY
from services.kit.problems import NOTHING

BUILT = Path(__file__).resolve().parent.parent.parent / "designer" / "dist"
RESERVED = ("api", "api-docs", "link", "hooks", "webhooks", "socket.io", "metrics", "assets")
"""First words of paths that are never a page: a wrong address below them is told as one."""
NONCE = "__CSP_NONCE__"
SIMULATOR = "__SIMULATOR__"
FOR_EVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_NOT_BUILT = """<!doctype html>
<html lang="id">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="4">
<title>Alir</title>
<style nonce="__CSP_NONCE__">
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 34rem; margin: 18vh auto 0; padding: 0 1.25rem; }
h1 { font-size: 1.25rem; }
code { padding: .15em .4em; border: 1px solid; border-radius: 6px; }
</style>
</head>
<body>
<main>
<h1>Tampilan Alir belum dibuat</h1>
<p>Kalau Alir baru dinyalakan, tunggu sebentar: halaman ini terbuka sendiri. Kalau tidak, jalankan
<code>make designer</code> di folder Alir.</p>
<h1 lang="en">The dashboard is not built yet</h1>
<p lang="en">If Alir has just been started, wait a moment: this page opens by itself. Otherwise run
<code>make designer</code> in Alir's folder. The API answers already:
<a href="/api-docs">/api-docs</a>.</p>
</main>
</body>
</html>
"""


class PageRoute(BaseRoute):
    """Every GET that nothing else answers, and that a person may have typed."""

    def __init__(self, built: Path) -> None:
        self._built = built

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return Match.NONE, {}
        if scope["path"].lstrip("/").partition("/")[0] in RESERVED:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.handle}

    async def handle(self, scope: Scope, receive: object, send: object) -> None:
        request = Request(scope)
        answer = _public_file(self._built, request)
        if answer is None:
            if "." in request.url.path.rpartition("/")[2]:
                # Somebody asks for a file (/robots.txt), not for a page.
                raise HTTPException(404, NOTHING)
            answer = _page(self._built, request)
        await answer(scope, receive, send)  # type: ignore[arg-type]


def page_routes(built: Path = BUILT) -> list[BaseRoute]:
    """What serves the files of this folder; looked up at each request, for it may be built later.

    They have to stand behind all others.
    """

    def asset(request: Request) -> Response:
        """Names carry a hash of the content: what was fetched once is good for ever."""
        found = _file(built / "assets", request.path_params["name"], request, FOR_EVER)
        if found is None:
            raise HTTPException(404, NOTHING)
        return found

    return [Route("/assets/{name}", asset), PageRoute(built)]


def _public_file(built: Path, request: Request) -> Response | None:
    """A file beside the page, such as its icon."""
    name = request.url.path.removeprefix("/")
    return None if name == "index.html" else _file(built, name, request, AN_HOUR)


def _file(folder: Path, name: str, request: Request, cache: str) -> Response | None:
    path = folder / name
    if not _NAME.fullmatch(name) or path.suffix not in TYPES or not path.is_file():
        return None
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    packed = folder / f"{name}.gz"
    if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
        headers["Content-Encoding"] = "gzip"
        path = packed
    return FileResponse(path, media_type=TYPES[Path(name).suffix], headers=headers)


def _page(built: Path, request: Request) -> Response:
    """The one page of the app. Its styles are allowed by a number used once."""
    try:
        page = (built / "index.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        page = _NOT_BUILT
    nonce = secrets.token_urlsafe(16)
    simulated = request.app.state.settings.waha_is_sandbox
    page = page.replace(NONCE, escape(nonce)).replace(SIMULATOR, str(simulated).lower())
    policy = CONTENT_SECURITY_POLICY.replace(
        "style-src 'self'", f"style-src 'self' 'nonce-{nonce}'"
    )
    return HTMLResponse(
        page, headers={"Cache-Control": "no-store", "Content-Security-Policy": policy}
    )
