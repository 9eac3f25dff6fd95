"""Starts the sandbox: `python -m sandbox --port 3000 --data DIR`."""

import argparse
import errno
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.config import ENGINES, AckSettings, Config


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000, help="0 takes any free port")
    parser.add_argument("--data", type=Path, help="folder of the ledger and the sessions")
    parser.add_argument("--engine", choices=ENGINES, default="GOWS")
    parser.add_argument("--api-key", default="sandbox", help='"" switches the guard off')
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-scale", type=float, default=1.0, help="0.05: 20 times faster")
    parser.add_argument("--waha-version", default="2026.7.2")
    parser.add_argument("--files-lifetime", type=float, default=180.0, help="seconds; 0 keeps")
    parser.add_argument("--ack-device-ms", type=float, default=150.0)
    parser.add_argument("--ack-read-ms", type=float, default=1_500.0)
    parser.add_argument("--read-share", type=float, default=1.0)
    parser.add_argument("--quiet", action="store_true", help="only errors are logged")
    return parser.parse_args(arguments)


def config_from(options: argparse.Namespace) -> Config:
    return Config(
        engine=options.engine,
        api_key=options.api_key or None,
        data_dir=options.data,
        seed=options.seed,
        time_scale=options.time_scale,
        version=options.waha_version,
        files_lifetime_s=options.files_lifetime,
        acks=AckSettings(
            device_ms=options.ack_device_ms,
            read_ms=options.ack_read_ms,
            read_share=options.read_share,
        ),
    )


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """Says when it is ready, in one line that a parent process can wait for."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"sandbox ready on {self._address}\n")
            sys.stdout.flush()


def run(app: Starlette, listener: socket.socket, *, quiet: bool) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    settings = uvicorn.Config(
        app,
        log_level="error" if quiet else "warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        backlog=2_048,
    )
    _Server(settings, f"http://{shown}:{port}").run([listener])


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        listener = open_socket(options.host, options.port)
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(
            f"Port {options.port} is taken. Stop the other program or choose --port 0.\n"
        )
        return 2
    config = config_from(options)
    address = listener.getsockname()
    app = create_app(config)
    app.state.world.base_url = f"http://{address[0]}:{address[1]}"
    run(app, listener, quiet=options.quiet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
