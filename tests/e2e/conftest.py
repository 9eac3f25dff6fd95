"""A whole installation with the demo's shop, and a browser before the simulator's phones."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from runtime import compose
from runtime.compose import App
from runtime.demo import bot
from runtime.demo import shop as demo_shop
from runtime.migrate import migrate
from runtime.processes.supervisor import SANDBOX_KEY, Layout, running
from services.kit.config import Settings
from tests.e2e.phones_page import PATIENCE_MS, PhonesPage

CHROMIUM = Path("/usr/bin/chromium")
TIME_SCALE = 5.0
"""A burst of messages is over after 1.2 s without another."""
SANDBOX_OPTIONS = ("--ack-device-ms", "100", "--ack-read-ms", "300")


@dataclass(frozen=True, slots=True)
class Office:
    """What runs, and whose it is."""

    app: App
    sandbox_url: str
    api_url: str
    tenant_id: int
    devices: tuple[str, ...]
    link_id: int


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    """Every process, on free ports, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="alir-e2e-"))
    settings = Settings(_env_file=None, var=folder, time_scale=TIME_SCALE, log_level="WARNING")
    layout = Layout(
        settings, port=0, sandbox_port=0, workers=1, beat=False, sandbox_options=SANDBOX_OPTIONS
    )
    told: list[str] = []
    with running(layout, lambda name, line: told.append(f"{name} | {line}")) as installation:
        installation.start_redis()
        installation.start_sandbox()
        app = compose.build(settings)
        migrate(app.database)
        installation.start_workers()
        installation.start_api()
        shop = demo_shop.make(
            app, installation.sandbox_url, SANDBOX_KEY, installation.api_url, quiet_hours=False
        )
        made = bot.make(app, shop.tenant_id, shop.numbers)
        yield Office(
            app=app,
            sandbox_url=installation.sandbox_url,
            api_url=installation.api_url,
            tenant_id=shop.tenant_id,
            devices=shop.devices,
            link_id=made.link_id,
        )
        app.database.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; the test is skipped where it is missing, and fails in a pipeline."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed: make setup-dev")
        pytest.skip("Chromium is not installed: make setup-dev")
    # It has an event loop at work as long as it is open, which the asyncio tests of other modules
    # do not stand: so no longer than its module.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture
def phones(office: Office, browser: Browser, tmp_path: Path) -> Iterator[PhonesPage]:
    """The page with the phones; a picture of its end lies in the test's folder."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="id-ID")
    page: Page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{office.sandbox_url}/phones")
    yield PhonesPage(page)
    page.screenshot(path=tmp_path / "phones.png")
    context.close()
    assert not problems
