"""The API's process: `python -m runtime.processes.api`."""

import sys

import uvicorn

from runtime import compose, media_witness
from runtime.asgi import ApiState, create_api
from runtime.live import feed, server
from services.kit import logs
from services.kit.config import Settings

GRACE_S = 10


def main() -> int:
    """Serve until told to stop; one line on standard error once it answers."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format, "api")
    app = compose.build(settings)
    api = create_api(
        ApiState(
            settings=settings,
            clock=app.clock,
            database=app.database,
            sealer=app.sealer,
            doorbell=compose.doorbell(settings),
            jwt_key=compose.jwt_secret(settings),
            flows=compose.flows(),
        )
    )
    media_witness.start(settings, "api")
    feed.start(app.database, settings.redis)
    uvicorn.run(
        server.mounted(api, settings, api.state.parts.authenticate),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
