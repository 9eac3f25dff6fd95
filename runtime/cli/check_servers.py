"""The doctor's look at the servers: database, Redis, WhatsApp server, and the paired numbers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from runtime.cli.database import (
    check_writable,
    opened,
    shown_url,
    sqlite_path,
    told,
)
from runtime.cli.findings import Finding, ok, problem, warning
from runtime.cli.up_state import running
from runtime.compose import App
from services.kit.config import Settings
from services.kit.errors import ProductError

WAHA_LEAST = (2026, 7, 1)
MYSQL_LEAST, MARIADB_LEAST = (8, 0), (10, 11)
SKEW_MOST_S = 30.0
SANDBOX_KEY = "sandbox"


# --------------------------------------------------------------------------- database


def database(settings: Settings) -> list[Finding]:
    """Reachable, writable, at this version; a server's own settings too."""
    what = "Database"
    path = sqlite_path(settings)
    if path is not None and not path.exists():
        return [ok(what, f"{path} will be made at the first start")]
    try:
        check_writable(settings)
        with opened(settings, migrated=False) as app, told(settings):
            return [_schema(app, settings), *(_server(app) if path is None else ())]
    except ProductError as error:
        return [problem(what, error.message, error.hint)]


def _schema(app: App, settings: Settings) -> Finding:
    from alembic.script import ScriptDirectory

    from runtime.migrate import SCRIPTS, current, head

    what = "Database"
    with app.database.read() as connection:
        revision = current(connection)
    known = {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}
    where = shown_url(settings)
    if revision is None:
        return warning(what, f"{where} is empty.", "Run `alir migrate`, or just `alir up`.")
    if revision not in known:
        return problem(
            what,
            f"{where} is at version {revision}, which this Alir does not know.",
            "Start the newer Alir again, or restore the backup made before the upgrade.",
        )
    if revision != head():
        return warning(
            what,
            f"{where} is at version {revision}; this Alir wants {head()}.",
            "Make a backup, then run `alir migrate` (`alir up` does it by itself).",
        )
    return ok(what, f"{where} answers, at version {revision}")


def _server(app: App) -> Iterator[Finding]:
    """What a MySQL or MariaDB server is set to."""
    from sqlalchemy import text

    with app.database.read() as connection:
        row = connection.execute(
            text(
                "SELECT VERSION() AS version, @@collation_database AS collation, "
                "@@character_set_database AS charset, "
                "@@innodb_flush_log_at_trx_commit AS flush, UTC_TIMESTAMP(6) AS now"
            )
        ).one()
        isolation = connection.get_isolation_level()
    yield server_version(str(row.version))
    yield server_isolation(isolation)
    yield server_collation(str(row.charset), str(row.collation))
    if int(row.flush) != 1:
        yield warning(
            "Database durability",
            f"innodb_flush_log_at_trx_commit is {row.flush}: a power cut may lose what was sent.",
            "Set it to 1, or a person may be written to twice after a power cut.",
        )
    skew_s = abs((datetime.now(UTC).replace(tzinfo=None) - row.now).total_seconds())
    if skew_s > SKEW_MOST_S:
        yield warning(
            "Database clock",
            f"It differs from this machine's by {skew_s:.0f} s.",
            "Switch on time synchronisation on both.",
        )


def server_version(version: str) -> Finding:
    """MySQL 8 or MariaDB 10.11 at least."""
    is_mariadb = "mariadb" in version.lower()
    name, least = ("MariaDB", MARIADB_LEAST) if is_mariadb else ("MySQL", MYSQL_LEAST)
    if _numbers(version) < least:
        wanted = ".".join(map(str, least))
        return problem(
            "Database server", f"{name} {version} is too old.", f"Upgrade to {wanted} or newer."
        )
    return ok("Database server", f"{name} {version.partition('-')[0]}")


def server_isolation(isolation: str) -> Finding:
    if isolation.replace("-", " ").upper() != "READ COMMITTED":
        return problem(
            "Database isolation",
            f"Transactions run at {isolation}.",
            "Allow READ COMMITTED: the server or a proxy overrules what Alir asks for.",
        )
    return ok("Database isolation", "READ COMMITTED")


def server_collation(charset: str, collation: str) -> Finding:
    if charset != "utf8mb4":
        return problem(
            "Database collation",
            f"The database uses {charset}: emoji in messages would be lost.",
            "ALTER DATABASE alir CHARACTER SET utf8mb4; before the first start.",
        )
    return ok("Database collation", collation)


# --------------------------------------------------------------------------- Redis


def redis(settings: Settings) -> Finding:
    """Answers, keeps what it is given, and can search."""
    import redis as driver

    from runtime import compose

    what, own = "Redis", bool(settings.redis_url)
    shown = _without_password(settings.redis)
    client = compose.redis_client(settings)
    try:
        client.ping()
        version = str(client.info("server").get("redis_version", "?"))
        modules = {
            str(_text(one.get("name", one.get(b"name", "")))) for one in client.module_list()
        }
        policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction"))
    except (driver.AuthenticationError, driver.exceptions.NoPermissionError) as error:
        return problem(
            what, f"{shown} refuses us ({error}).", "Check the password in ALIR_REDIS_URL."
        )
    except (driver.RedisError, OSError, ValueError) as error:
        if not own:
            return ok(what, "the embedded one is not running; `alir up` starts it")
        return problem(
            what,
            f"Redis at {shown} does not answer ({_line(error)}).",
            "Start it, correct ALIR_REDIS_URL, or leave that empty to use the embedded one.",
        )
    finally:
        client.close()
    if "search" not in modules:
        return warning(
            what,
            f"{version} answers, without the RediSearch module.",
            "Sending works. For answers from documents use Redis Stack 7.4+ or Redis 8.",
        )
    if policy not in ("noeviction", ""):
        return warning(
            what,
            f"{version} answers, but throws keys away when full ({policy}).",
            "Set maxmemory-policy to noeviction.",
        )
    return ok(what, f"{version} answers at {shown}, with RediSearch")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


# --------------------------------------------------------------------------- WAHA


def uses_sandbox(settings: Settings) -> bool:
    """Whether the simulator stands in for WhatsApp: unless a server of one's own was named."""
    return settings.waha_is_sandbox or "waha_url" not in settings.model_fields_set


def waha(settings: Settings) -> Finding:
    """Reachable, new enough, a fitting engine, and the key is right."""
    from services.integrations.waha.client import WahaClient
    from services.integrations.waha.errors import WahaConfiguration, WahaError

    what = "WhatsApp server"
    sandbox = uses_sandbox(settings)
    key = settings.waha_api_key or (SANDBOX_KEY if sandbox else "")
    here = running(settings.var) if sandbox else None
    url = (here.sandbox_url if here else "") or settings.waha_url
    try:
        with WahaClient(url, key, timeout_s=5.0) as client:
            version = client.server_version()
            sessions = client.sessions()
    except WahaConfiguration as error:
        return problem(
            what, f"{url}: {error.message}", error.hint or "Check ALIR_WAHA_URL and the key."
        )
    except WahaError as error:
        if sandbox:
            return ok(what, "the simulator is not running; `alir up` starts it")
        return problem(
            what,
            f"{url} does not answer ({_line(error)}).",
            "Start WAHA, or correct ALIR_WAHA_URL. Messages wait until it is back.",
        )
    name = "the simulator" if sandbox else "WAHA"
    shown = f"{name} {version.version}, engine {version.engine or '?'}, {len(sessions)} sessions"
    return waha_version(what, shown, version.version, version.engine)


def waha_version(what: str, shown: str, version: str, engine: str | None) -> Finding:
    if _numbers(version) < WAHA_LEAST:
        return problem(
            what,
            f"{shown}: too old.",
            "Upgrade WAHA to 2026.7.1 or newer; before it messages can't be proven after a crash.",
        )
    if engine == "WEBJS":
        return warning(
            what,
            f"{shown}.",
            "Prefer WHATSAPP_DEFAULT_ENGINE=GOWS: a message in doubt is settled much faster.",
        )
    return ok(what, shown)


# --------------------------------------------------------------------------- numbers


def numbers(settings: Settings) -> list[Finding]:
    """How each paired number is, as its server says now."""
    path = sqlite_path(settings)
    if path is not None and not path.exists():
        return []
    try:
        with opened(settings, migrated=False) as app, told(settings):
            if not _has_tables(app):
                return []
            return list(_numbers_of(app))
    except ProductError:
        return []  # the line about the database says it already


def _has_tables(app: App) -> bool:
    from sqlalchemy import inspect

    with app.database.read() as connection:
        return inspect(connection).has_table("devices")


def _numbers_of(app: App) -> Iterator[Finding]:
    from sqlalchemy import select

    from services.devices.models import Device, WahaServer

    with app.database.reading_session() as session:
        servers = list(session.scalars(select(WahaServer).order_by(WahaServer.id)))
        by_server = {
            server.id: list(
                session.scalars(
                    select(Device)
                    .where(Device.server_id == server.id, Device.deleted_at.is_(None))
                    .where(Device.wanted)
                    .order_by(Device.id)
                )
            )
            for server in servers
        }
        for server in servers:
            if by_server[server.id]:
                yield from _of_server(app, server, by_server[server.id])


def _of_server(app: App, server: Any, devices: list[Any]) -> Iterator[Finding]:
    from services.integrations.waha.client import WahaClient
    from services.integrations.waha.errors import WahaError
    from services.kit.secrets import SealBroken

    what = f"Numbers on {server.base_url}"
    try:
        key = app.sealer.open(server.api_key_sealed)
    except SealBroken:
        yield problem(
            what,
            "The stored key of this server can't be opened.",
            "Put back the file seal.key (or ALIR_SEAL_KEYS) that was used when it was saved.",
        )
        return
    try:
        with WahaClient(server.base_url, key, timeout_s=5.0) as client:
            states = {one.name: one.raw_status for one in client.sessions()}
    except WahaError as error:
        if server.is_sandbox:
            yield ok(what, f"{len(devices)}; the simulator is not running now")
            return
        yield problem(
            what,
            f"{len(devices)} can't be asked: {_line(error)}.",
            "Start that WAHA; messages wait until it is back.",
        )
        return
    for device in devices:
        yield number(device, states.get(device.session_name))


def number(device: Any, state: str | None) -> Finding:
    """One number: `state` is WAHA's word for its session, None when WAHA has no such session."""
    what = f"Number {device.display_name or device.phone_number or device.session_name}"
    if state is None:
        return problem(what, "WAHA has lost its session.", "Delete the device and pair it anew.")
    if state == "SCAN_QR_CODE":
        return warning(what, "waits to be paired.", "Open the device and scan its QR code.")
    if state == "STARTING":
        return warning(what, "is starting.", "Wait a moment and look again.")
    if state != "WORKING":
        return problem(what, f"is {state}.", "Restart the device; if that fails, pair it anew.")
    if device.health == "PAUSED":
        return warning(
            what, f"connected, but paused ({device.health_reason or 'by a person'}).", "Resume it."
        )
    if device.health == "COLD_FROZEN":
        return warning(
            what,
            "connected; WhatsApp forbids new chats for now.",
            "Replies go on. Wait, and send slower afterwards.",
        )
    return ok(what, "connected")


def _numbers(version: str) -> tuple[int, ...]:
    found = []
    for part in version.replace("-", ".").split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)


def _line(error: BaseException) -> str:
    said = getattr(error, "message", "") or str(error) or type(error).__name__
    return said.splitlines()[0][:160].rstrip(".")
