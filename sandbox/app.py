"""The ASGI application; `app.state.world` holds all state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from sandbox import lifecycle
from sandbox.config import Config
from sandbox.http import EXCEPTION_HANDLERS, Guard
from sandbox.routes import chats, control, directory, phones, sending, server, sessions
from sandbox.world import World


class SandboxApp(Starlette):
    """Keeps the server's own `send`, the only way to the connection that a fault may cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["sandbox.send"] = send
        await super().__call__(scope, receive, send)


def create_app(config: Config | None = None) -> Starlette:
    """A sandbox of its own. Without a lifespan, call `await app.state.world.close()` at the end."""
    world = World(config or Config())

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        lifecycle.resume_sessions(world)
        try:
            yield
        finally:
            await world.close()

    app = SandboxApp(
        routes=[
            *sending.HOT_ROUTES,
            *sending.ROUTES,
            *sessions.ROUTES,
            *chats.ROUTES,
            *directory.ROUTES,
            *server.ROUTES,
            *control.ROUTES,
            *phones.ROUTES,
        ],
        middleware=[Middleware(Guard, world=world)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    app.state.world = world
    return app
