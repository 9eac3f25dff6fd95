"""The deployment files name what exists, and every setting is explained."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_core import PydanticUndefined

from services.integrations.media import store
from services.kit.config import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"
ONE_SHOT = {"media-folder", "migrate"}
NEEDED = {
    "api",
    "worker-hot",
    "worker-slow",
    "beat",
    "ocr",
    "redis",
    "waha",
    "mysql",
    "filebrowser",
    "cloudflared",
    "nginx",
}
VARIABLE = re.compile(r"\$\{(\w+)(:[-?][^}]*)?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return whole


def examples() -> dict[str, str]:
    found = re.findall(
        r"^#?([A-Z][A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    return dict(found)


def test_the_services_of_the_specification_are_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == NEEDED | ONE_SHOT


def test_every_service_is_on_the_network_and_tells_its_health(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "crm-network" in service["networks"], name
        assert name in ONE_SHOT or service["healthcheck"]["test"], name
        assert service["restart"] in ("unless-stopped", "on-failure:5"), name
        assert service["logging"]["options"]["max-size"], name
    assert compose["networks"]["crm-network"]["name"] == "crm-network"
    assert "shared_media" in compose["volumes"]


def test_the_names_that_others_call_resolve(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["api"]["networks"]["crm-network"]["aliases"] == ["backend"]
    assert services["ocr"]["expose"] == ["5000"]
    assert "server backend:8000;" in (ROOT / "docker" / "nginx" / "alir.conf").read_text()


def test_every_image_is_pinned(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if "build" not in service:
            assert re.search(r":[\w.-]*\d", service["image"]), name


def test_every_volume_and_dependency_is_declared(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in compose["volumes"], (name, volume)
        for other, condition in service.get("depends_on", {}).items():
            wanted = condition["condition"]
            assert other in compose["services"], (name, other)
            assert (wanted == "service_completed_successfully") == (other in ONE_SHOT), name


def test_only_nginx_is_published_beyond_the_machine(compose: dict[str, Any]) -> None:
    open_ones = {
        name
        for name, service in compose["services"].items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }

    assert open_ones == {"nginx"}


def test_what_the_services_start_exists(compose: dict[str, Any]) -> None:
    started = {
        command[command.index(flag) + 1]
        for command in (service.get("command", []) for service in compose["services"].values())
        for flag in ("-A", "-m")
        if flag in command
    }

    assert "runtime.worker" in started
    for name in started:
        module = ROOT / name.replace(".", "/")
        assert module.with_suffix(".py").is_file() or (module / "__main__.py").is_file(), name


def test_our_services_run_without_rights_they_do_not_need(compose: dict[str, Any]) -> None:
    ours = [one for one in compose["services"].values() if one.get("image", "").startswith("alir:")]

    assert len(ours) == 6
    for service in ours:
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
    last_stage = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert "\nUSER alir\n" in last_stage
    assert last_stage.index("USER alir") < last_stage.index("CMD")


def test_the_media_folder_belongs_to_who_writes_before_anybody_mounts_it(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    owner = services["media-folder"]
    command = owner["command"][-1]

    assert (owner["user"], "CHOWN" in owner["cap_add"]) == ("0:0", True)
    assert "chown -h alir:alir" in command
    assert "chmod 0755 /shared_media" in command
    assert re.search(r"useradd --uid \d+ --user-group .* alir ", dockerfile("Dockerfile"))
    for name, service in services.items():
        mounts = [one for one in service.get("volumes", []) if one.startswith("shared_media:")]
        if not mounts or name in (*ONE_SHOT, "filebrowser"):
            continue
        wanted = service["depends_on"]["media-folder"]["condition"]
        assert wanted == "service_completed_successfully", name


def test_the_reader_has_the_same_folder_as_another_user_who_cannot_write(
    compose: dict[str, Any],
) -> None:
    ocr, api = compose["services"]["ocr"], compose["services"]["api"]

    assert "shared_media:/shared_media:ro" in ocr["volumes"]
    assert ocr["environment"]["OCR_MEDIA_ROOT"] == api["environment"]["ALIR_MEDIA_ROOT"]
    assert (store.FOLDER_MODE & 0o005, store.FILE_MODE & 0o004) == (0o005, 0o004)
    users = [
        re.findall(r"useradd --uid (\d+)", dockerfile(name))
        for name in ("Dockerfile", "ocr/Dockerfile")
    ]
    assert users[0] != users[1]
    assert [len(one) for one in users] == [1, 1]


def dockerfile(name: str) -> str:
    """Its text with continued lines joined."""
    return (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")


def test_the_image_holds_every_package_it_needs_and_is_sent_nothing_else() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    sent = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))

    assert copied == {"domain", "services", "nodes", "flows", "runtime", "migrations"}
    assert sent == copied | {"requirements.lock", "scripts/link_source.py"}


def test_the_example_explains_every_setting_with_its_default() -> None:
    given = examples()
    for name, field in Settings.model_fields.items():
        assert field.default is not PydanticUndefined, name
        default = field.default
        shown = json.dumps(default) if isinstance(default, bool) else str(default)
        assert given.get(f"ALIR_{name.upper()}") == shown, name


def test_the_example_holds_nothing_that_nobody_reads() -> None:
    settings = {f"ALIR_{name.upper()}" for name in Settings.model_fields}
    read_by_compose = {name for name, _ in VARIABLE.findall(COMPOSE.read_text())}

    assert set(examples()) == settings | read_by_compose | {"COMPOSE_PROFILES"}


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_docker_compose_accepts_the_file() -> None:
    if subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    ).returncode:
        pytest.skip("docker has no compose plugin")
    variables = {
        "ALIR_DATABASE_URL": "mysql+pymysql://a:b@c/d",
        "WAHA_API_KEY": "x",
        "PATH": "/usr/bin",
    }
    done = subprocess.run(
        ["docker", "compose", "-f", COMPOSE, "--profile", "*", "config", "--quiet"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
