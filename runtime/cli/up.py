"""`alir up`: a whole installation on this machine, in the foreground, until it is told to stop."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from runtime.cli.database import check_writable, make_folder, opened
from runtime.cli.up_dashboard import DashboardBuild
from runtime.cli.up_log import UpLog
from runtime.cli.up_state import Hold, held
from runtime.processes.supervisor import (
    OCR_PYTHON,
    READY_S,
    SANDBOX_KEY,
    Installation,
    Layout,
    free_port,
)
from services.kit.config import Settings
from services.kit.errors import Unavailable

if TYPE_CHECKING:
    from runtime.compose import App

LOOK_S = 0.1
READY_LOOK_S = 0.03
OCR_LOOK_S = 1.0
SHOP_S = 120.0
"""How long making the demo business may take."""


REAL_NUMBERS = (
    "  [bold yellow]REAL NUMBERS[/]: a campaign that is started writes to real people.\n"
    "  BERHENTI and STOP are obeyed as soon as they are heard: WAHA must reach this machine under\n"
    "  ALIR_PUBLIC_URL. Write to a number of yours from another phone, and see that it is answered."
)


class _AskedToStop(BaseException):
    """Somebody pressed Ctrl-C while things were starting."""


def run(port: int, sandbox_port: int, ocr_port: int, workers: int | None) -> int:
    """Start everything, show one log, restart what dies; 0 after a clean stop.

    Raises: ProductError that names the way out when something can't start.
    """
    console = Console(highlight=False, soft_wrap=True)
    settings = Settings()
    folder = make_folder(settings)
    with held(folder) as hold, _stop_signals() as stop:
        layout = _layout(settings, port, sandbox_port, ocr_port, workers)
        _check_own_redis(settings)
        check_writable(settings)
        log = UpLog(console, folder / "up.log")
        installation = _AllAtOnce(layout, log.say)
        stop.installation = installation
        dashboard = DashboardBuild(log.say)
        try:
            _bring_up(console, installation, settings, hold, stop)
            while not stop.asked.wait(LOOK_S):
                installation.look_after()
        except _AskedToStop:
            pass
        finally:
            console.print("[dim]Stopping; Ctrl-C again ends everything at once.[/]")
            dashboard.stop()
            installation.stop()
            log.close()
    console.print("Stopped.")
    return 0


# --------------------------------------------------------------------------- starting


class _AllAtOnce(Installation):
    """Starts one process after the other without waiting, and waits for all of them later."""

    def __init__(self, layout: Layout, say: Callable[[str, str], None]) -> None:
        super().__init__(layout, say)
        self._not_ready: dict[str, Callable[[], bool]] = {}

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        self._not_ready[name] = ready

    def wait_for_all(self, stop: "_Stop") -> None:
        """Until everything that was started answers. Raises: Unavailable."""
        until = time.monotonic() + READY_S
        while True:
            stop.leave_if_asked()
            for name in [name for name, ready in self._not_ready.items() if ready()]:
                del self._not_ready[name]
            if not self._not_ready:
                return
            for name in self._not_ready:
                code = self.children[name].ended_with
                if code is not None:
                    raise Unavailable(
                        f"{name} ended while it was starting (code {code}).",
                        code="did_not_start",
                        hint=f"Its last lines above say why; all are in {self._log_file}.",
                    )
            if time.monotonic() > until:
                raise Unavailable(
                    f"{', '.join(self._not_ready)} did not answer within {READY_S:.0f} s.",
                    code="did_not_start",
                    hint=f"See {self._log_file}; `alir doctor` may know more.",
                )
            time.sleep(READY_LOOK_S)

    @property
    def _log_file(self) -> Path:
        return self.layout.settings.var / "up.log"


def _layout(
    settings: Settings, port: int, sandbox_port: int, ocr_port: int, workers: int | None
) -> Layout:
    """What to start; the ports are chosen and known to be free. Raises: Unavailable."""
    from runtime.cli.check_servers import uses_sandbox

    _check_different(
        ("the API", "--port", port),
        ("the simulator", "--sandbox-port", sandbox_port),
        ("the reader of images", "--ocr-port", ocr_port),
    )
    api_port = free_port(port, "the API", "--port")
    layout = Layout(
        settings,
        port=api_port,
        sandbox_port=None,
        workers=workers,
        slow_workers=1,
    )
    layout = _with_reader(layout, ocr_port)
    if not uses_sandbox(settings):
        return layout
    simulator_port = free_port(sandbox_port, "the simulator", "--sandbox-port")
    return replace(
        layout,
        sandbox_port=simulator_port,
        extra={
            **layout.extra,
            "ALIR_WAHA_URL": f"http://127.0.0.1:{simulator_port}",
            "ALIR_WAHA_API_KEY": SANDBOX_KEY,
            "ALIR_WAHA_IS_SANDBOX": "true",
        },
    )


def _check_different(*given: tuple[str, str, int]) -> None:
    """Raises: Unavailable when one port was given to two (each: name, option, port)."""
    for (name, option, port), (other, other_option, other_port) in combinations(given, 2):
        if port and port == other_port:
            raise Unavailable(
                f"Port {port} was given to both {name} and {other}.",
                code="port_in_use",
                hint=f"Give them different ports with {option} and {other_option}.",
            )


def _with_reader(layout: Layout, wanted: int) -> Layout:
    """The layout with a reader of images: one that runs at that port, or one of our own.

    None where a setting names one, or none is set up. Raises: Unavailable when another program
    has the port.
    """
    if layout.settings.ocr_url != Settings.model_fields["ocr_url"].default:
        return layout
    url = f"http://127.0.0.1:{wanted}"
    if wanted and _reads_images(url):
        return replace(layout, extra={"ALIR_OCR_URL": url})
    if not OCR_PYTHON.exists():
        return layout
    return replace(layout, ocr_port=free_port(wanted, "the reader of images", "--ocr-port"))


def _reads_images(url: str) -> bool:
    from services.integrations.ocr import client
    from services.integrations.ocr.types import OcrError

    try:
        client.health(url, OCR_LOOK_S)
    except OcrError:
        return False
    return True


def _check_own_redis(settings: Settings) -> None:
    """Raises: Unavailable when a Redis of one's own is set and does not answer."""
    if not settings.redis_url:
        return
    from runtime.cli.check_servers import redis
    from runtime.cli.findings import Level

    found = redis(settings)
    if found.level is Level.PROBLEM:
        raise Unavailable(found.said, code="redis_unavailable", hint=found.mend)


def _bring_up(
    console: Console, installation: _AllAtOnce, settings: Settings, hold: Hold, stop: "_Stop"
) -> None:
    """Start all processes and the shop; the slow ones together, workers when they can work."""
    begun = time.monotonic()
    console.print(f"Starting Alir in {escape(str(settings.var.absolute()))} ...")
    installation.start_redis()
    installation.start_api()
    installation.start_sandbox()
    hold.tell(installation.api_url, installation.sandbox_url)
    with opened(settings) as app:
        stop.leave_if_asked()
        installation.wait_for_all(stop)
        answers_s = time.monotonic() - begun
        installation.start_ocr()
        reader_url = installation.ocr_url or installation.layout.extra.get("ALIR_OCR_URL", "")
        hold.tell(installation.api_url, installation.sandbox_url, reader_url)
        installation.start_workers()
        login = _shop(console, app, installation, stop)
        _greet(console, installation, settings, login, answers_s)


def _shop(console: Console, app: "App", installation: _AllAtOnce, stop: "_Stop") -> str:
    """The demo business, made in an empty database or connected again; how to sign in."""
    from runtime.demo import seed
    from runtime.demo import shop as demo_shop

    url, base = installation.sandbox_url, installation.api_url
    public = app.settings.public_url.rstrip("/") or base
    if not url:
        if seed.has_users(app):
            return "with your account"
        return "after `alir user create YOUR-EMAIL`"
    if not seed.has_users(app):
        console.print("Making the demo business; this happens only once ...")
        _look_after_while(lambda: seed.make(app, url, SANDBOX_KEY, public), installation, stop)
    else:
        _look_after_while(
            lambda: seed.bring_back(app, url, SANDBOX_KEY, public), installation, stop
        )
    if demo_shop.find(app) is None:
        return "with your account"
    return f"as {demo_shop.EMAIL} with the password {demo_shop.PASSWORD}"


def _look_after_while(
    work: Callable[[], object], installation: Installation, stop: "_Stop"
) -> None:
    """Do this work beside, for children may only be started by this thread: they die with it."""
    failed: list[BaseException] = []

    def tried() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=tried, name="shop", daemon=True)
    thread.start()
    until = time.monotonic() + SHOP_S
    while thread.is_alive():
        stop.leave_if_asked()
        installation.look_after()
        if time.monotonic() > until:
            raise Unavailable(
                f"The simulator's numbers were not ready within {SHOP_S:.0f} s.",
                code="shop_not_ready",
                hint=f"Move the folder {installation.layout.settings.var} away and start again.",
            )
        thread.join(READY_LOOK_S)
    if failed:
        raise failed[0]


def _greet(
    console: Console,
    installation: Installation,
    settings: Settings,
    login: str,
    answers_s: float,
) -> None:
    console.print(f"\n[bold green]Alir runs[/] (it answered after {answers_s:.1f} s).")
    console.print(f"  API, to try in the browser   {installation.api_url}/api-docs")
    if installation.sandbox_url:
        console.print(f"  Phones of the simulator      {installation.sandbox_url}/phones")
        console.print("  [yellow]SIMULATOR[/]: no message reaches WhatsApp.")
    else:
        _tell_about_waha(console, settings)
    if installation.ocr_url:
        console.print(f"  Reader of images             {installation.ocr_url}/docs")
    console.print(f"  Sign in {escape(login)}")
    if settings.time_scale != 1:
        console.print(
            f"  [yellow]ALIR_TIME_SCALE is {settings.time_scale:g}[/]: every pause is that many "
            "times shorter. Never do this with real numbers."
        )
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        console.print(f"  [yellow]Other machines can reach the API[/] (ALIR_HOST {settings.host}).")
    console.print("  Ctrl-C stops everything.\n")


def _tell_about_waha(console: Console, settings: Settings) -> None:
    """A WhatsApp server that is away holds nothing up: messages wait for it."""
    from runtime.cli.check_servers import waha
    from runtime.cli.findings import Level

    found = waha(settings)
    if found.level is Level.OK:
        console.print(f"  WhatsApp server              {escape(found.said)}")
    else:
        console.print(f"  [red]WhatsApp server: {escape(found.said)}[/]\n    {escape(found.mend)}")
    console.print(REAL_NUMBERS)


# --------------------------------------------------------------------------- stopping


class _Stop:
    """What signals have asked for so far."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.installation: Installation | None = None

    def leave_if_asked(self) -> None:
        if self.asked.is_set():
            raise _AskedToStop

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked.is_set():
            self.asked.set()
            return
        for child in self.installation.children.values() if self.installation else ():
            child.kill()
        os._exit(130)


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    """Take Ctrl-C, SIGTERM and a closed terminal as one wish; the second one is an order."""
    stop = _Stop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop.on_signal) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
