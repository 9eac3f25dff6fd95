"""Starts the program: `python -m ocr --port 5000`; settings come from OCR_* variables."""

import argparse
import errno
import logging
import socket
import sys

import uvicorn
from fastapi import FastAPI

from ocr import limits, memory
from ocr.api import create_app
from ocr.settings import SettingsError, from_environment

STOP_S = 5


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="ocr", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000, help="0 takes any free port")
    options = parser.parse_args(arguments)
    memory.give_back_blocks_above(limits.SERVICE_BLOCK_BYTES)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = from_environment()
        listener = _listen(options.host, options.port)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(f"Port {options.port} is taken. Stop the other program or give --port.\n")
        return 2
    _serve(create_app(settings), listener)
    return 0


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """Says when it listens, in one line that a parent process can wait for."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"ocr ready on {self._address}\n")
            sys.stdout.flush()


def _serve(app: FastAPI, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=STOP_S
    )
    _Server(config, f"http://{shown}:{port}").run([listener])


if __name__ == "__main__":
    sys.exit(main())
