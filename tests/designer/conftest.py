"""The built dashboard behind a real API process, and a browser before it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    StorageState,
    sync_playwright,
)

from runtime import compose
from runtime.migrate import migrate
from runtime.processes.supervisor import Layout, running
from services.accounts import service as accounts
from services.kit.config import Settings
from services.kit.security import Passwords

ROOT = Path(__file__).resolve().parent.parent.parent
DESIGNER = ROOT / "designer"
CHROMIUM = Path("/usr/bin/chromium")
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BUILD_S = 300
PATIENCE_MS = 15_000
EMAIL, PASSWORD = "ayu@toko.test", "kata sandi yang panjang"


def missing(what: str, target: str) -> None:
    """A test that can't run is skipped here, and fails in a pipeline."""
    said = f"{what} is not installed: make {target}"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


def run_script(*command: str) -> None:
    """Run something of the dashboard's toolchain; what it printed is the failure's text."""
    done = subprocess.run(
        command, cwd=DESIGNER, capture_output=True, text=True, timeout=BUILD_S, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="session")
def toolchain() -> None:
    if not (DESIGNER / "node_modules" / ".setup").exists():
        missing("The dashboard's toolchain", "setup-designer")


@pytest.fixture(scope="session")
def built(toolchain: None) -> Path:
    """The folder with the build, made now unless it is newer than its sources."""
    run_script(str(ROOT / "scripts" / "designer_build.sh"))
    return DESIGNER / "dist"


@dataclass(frozen=True, slots=True)
class Shop:
    """What runs, and who may sign in."""

    url: str
    email: str = EMAIL
    password: str = PASSWORD


@pytest.fixture(scope="session")
def shop(built: Path) -> Iterator[Shop]:
    """An API process on a free port with an empty shop, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="alir-designer-"))
    settings = Settings(_env_file=None, var=folder, log_level="WARNING")
    extra = {"ALIR_WAHA_IS_SANDBOX": "true"}
    layout = Layout(settings, port=0, sandbox_port=None, workers=1, beat=False, extra=extra)
    said: list[str] = []
    with running(layout, lambda name, line: said.append(f"{name} | {line}")) as installation:
        installation.start_redis()
        app = compose.build(settings)
        migrate(app.database)
        now = app.clock.now()
        with app.database.session() as session:
            tenant = accounts.create_tenant(session, "Toko Ayu", now)
            password = Passwords().hash(PASSWORD)
            accounts.create_user(session, tenant.id, EMAIL, password, now, name="Ayu")
        installation.start_workers()
        installation.start_api()
        yield Shop(installation.api_url)
        app.database.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing("Chromium", "setup-dev")
    # It has an event loop at work as long as it is open, which the asyncio tests of other modules
    # do not stand: so no longer than its module.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=BROWSER_OPTIONS)
        yield opened
        opened.close()


@contextmanager
def opened(browser: Browser, shop: Shop, state: StorageState | None = None) -> Iterator[Page]:
    """A fresh browser; an error or a breach of the policy for content fails the test."""
    context = browser.new_context(
        base_url=shop.url,
        viewport={"width": 1440, "height": 900},
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        permissions=["clipboard-read", "clipboard-write"],
        storage_state=state,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.extend(breaches(message)))
    yield page
    context.close()
    assert not problems


def breaches(message: ConsoleMessage) -> list[str]:
    is_breach = message.type == "error" and "Content Security Policy" in message.text
    return [message.text] if is_breach else []


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    """A fresh browser of somebody who is not signed in."""
    with opened(browser, shop) as found:
        yield found


@pytest.fixture(scope="module")
def sign_in_once(browser: Browser, shop: Shop) -> StorageState:
    """What a browser keeps of a sign-in: only a few sign-ins a minute are let through."""
    with opened(browser, shop) as page:
        sign_in(page, shop)
        return page.context.storage_state()


@pytest.fixture
def signed_in(browser: Browser, shop: Shop, sign_in_once: StorageState) -> Iterator[Page]:
    """The list of flows, of somebody who is signed in."""
    with opened(browser, shop, sign_in_once) as page:
        page.goto("/flows")
        page.get_by_role("heading", name="Alur", exact=True).wait_for()
        yield page


def sign_in(page: Page, shop: Shop) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(shop.email)
    page.get_by_label("Kata sandi", exact=True).fill(shop.password)
    page.get_by_role("button", name="Masuk").click()
    page.get_by_role("heading", name="Alur", exact=True).wait_for()
