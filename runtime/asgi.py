"""The API as an ASGI app: finds every routes.py and serves it behind one edge."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

import flows
import nodes
import runtime
import services
from runtime import api_docs, health
from runtime.dashboard.routes import page_routes
from runtime.links.desk import Desk
from runtime.links.door import Door
from runtime.links.visitors import Visitors
from services.accounts import service as accounts
from services.integrations.waha.client import WahaClient
from services.kit import problems
from services.kit.clock import Clock
from services.kit.config import Settings
from services.kit.db import Database
from services.kit.doorbell import Doorbell
from services.kit.edge import Edge
from services.kit.http import Member, Parts
from services.kit.ports import Flows
from services.kit.rate_limit import SIGN_INS_PER_MINUTE, Limit
from services.kit.secrets import Sealer
from services.kit.security import Passwords, Tokens
from services.webhooks import door as webhooks
from services.webhooks.receive import Batcher, Senders

BODY_BYTES_MOST = 1024 * 1024
"""Of any request that does not say otherwise (uploads, webhooks)."""
API = "/api"


@dataclass(frozen=True, slots=True)
class ApiState:
    """What the API needs from the process that starts it."""

    settings: Settings
    clock: Clock
    database: Database
    sealer: Sealer
    doorbell: Doorbell
    jwt_key: bytes
    flows: Flows
    waha: Callable[[str, str], WahaClient] = WahaClient


def create_api(state: ApiState) -> FastAPI:
    """The app with every router below `services`, `nodes`, `flows` and `runtime`.

    A module `routes` may have a `router` (served below /api) and `hot_routes` (Starlette routes
    at the root, matched first).
    """
    modules = list(_route_modules())
    hot: list[BaseRoute] = [
        route for module in modules for route in getattr(module, "hot_routes", ())
    ]
    app = FastAPI(
        title="Alir",
        version="0.1.0",
        description="Broadcasts, bots and links as flows.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        routes=[*hot, *api_docs.routes, Route("/metrics", health.metrics)],
    )
    app.state.parts = _parts(state)
    app.state.database = state.database
    app.state.clock = state.clock
    app.state.settings = state.settings
    app.state.sealer = state.sealer
    app.state.doorbell = state.doorbell
    app.include_router(health.router, prefix=API, max_body_size=BODY_BYTES_MOST)
    for module in modules:
        router = getattr(module, "router", None)
        if router is not None:
            app.include_router(router, prefix=API, max_body_size=BODY_BYTES_MOST)
    app.router.routes.extend(page_routes())
    problems.install(app)
    app.add_middleware(Edge)
    _add_webhooks(app, state)
    _add_links(app, state)
    return app


def _add_webhooks(app: FastAPI, state: ApiState) -> None:
    """WAHA's events are taken before the edge and the framework: they come by the thousand."""
    app.state.webhooks = Batcher(state.database, state.doorbell)
    app.add_middleware(
        webhooks.Door,
        senders=Senders(state.database, state.sealer),
        batcher=app.state.webhooks,
        clock=state.clock,
    )


def _add_links(app: FastAPI, state: ApiState) -> None:
    """Links are answered before anything else is asked, the edge included."""
    settings = state.settings
    app.state.links = Desk(state.database, state.clock, settings.var / "clicks")
    app.add_middleware(
        Door,
        desk=app.state.links,
        database=state.database,
        clock=state.clock,
        visitors=Visitors(state.jwt_key, secure=settings.public_url.startswith("https://")),
        per_minute=settings.link_clicks_per_minute,
        base_url=settings.api_url,
    )


def _parts(state: ApiState) -> Parts:
    tokens = Tokens(state.jwt_key)

    def authenticate(credential: str) -> Member:
        found = accounts.authenticate(state.database, state.clock, tokens, credential)
        return Member(
            found.tenant_id, found.user_id, found.role, found.email, found.via, found.sign_in
        )

    return Parts(
        settings=state.settings,
        clock=state.clock,
        database=state.database,
        sealer=state.sealer,
        doorbell=state.doorbell,
        tokens=tokens,
        passwords=Passwords(),
        authenticate=authenticate,
        waha=state.waha,
        flows=state.flows,
        sign_in_limit=Limit(SIGN_INS_PER_MINUTE, name="sign-in"),
    )


def _route_modules() -> Iterator[ModuleType]:
    for package in (services, nodes, flows, runtime):
        for found in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}."):
            if found.name.rpartition(".")[2] == "routes":
                yield importlib.import_module(found.name)
