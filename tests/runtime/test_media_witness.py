"""Each process tells which media folder it sees, under a key that ends soon after it."""

from pathlib import Path

import pytest

from runtime import media_witness
from runtime.compose import redis_client
from services.integrations.media import shared
from services.kit.config import Settings
from tests.support import processes


def settings(tmp_path: Path, **changes: str) -> Settings:
    return Settings(_env_file=None, var=tmp_path, **changes)


def test_a_process_sees_the_mark_of_its_folder_and_makes_one_of_its_own(tmp_path: Path) -> None:
    seen = media_witness.look(settings(tmp_path), "api")

    assert (seen.role, seen.problem) == ("api", "")
    assert seen.mark == shared.mark(tmp_path / "media")
    assert seen.root == str(tmp_path / "media")


def test_a_volume_that_is_not_there_is_a_problem_and_is_not_made(tmp_path: Path) -> None:
    seen = media_witness.look(settings(tmp_path, media_root=str(tmp_path / "volume")), "slow")

    assert (seen.mark, seen.problem) == ("", "No such file or directory")
    assert not (tmp_path / "volume").exists()


@pytest.mark.e2e
def test_what_was_told_is_read_by_others_and_ends_with_time(
    tmp_path: Path, valkey_url: str
) -> None:
    client = redis_client(settings(tmp_path, redis_url=valkey_url))
    seen = [media_witness.look(settings(tmp_path), role) for role in ("api", "slow", "worker")]
    for one in reversed(seen):
        media_witness.tell(client, one)

    assert media_witness.told(client) == seen
    ends_s = [client.ttl(key) for key in client.scan_iter("alir:media-seen:*")]
    assert all(0 < left_s <= media_witness.KEPT_S for left_s in ends_s)
    assert media_witness.EVERY_S * 2 < media_witness.KEPT_S
    client.close()


@pytest.mark.e2e
def test_a_process_tells_by_itself_from_its_start_on(tmp_path: Path, valkey_url: str) -> None:
    import os
    import sys

    log = tmp_path / "log"
    program = (
        "import threading; from runtime import media_witness;"
        "from services.kit.config import Settings;"
        "media_witness.start(Settings(), 'api'); threading.Event().wait()"
    )
    environment = {
        **os.environ,
        "ALIR_VAR": str(tmp_path),
        "ALIR_REDIS_URL": valkey_url,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    client = redis_client(settings(tmp_path, redis_url=valkey_url))
    client.flushdb()
    with processes.running([sys.executable, "-c", program], log, env=environment) as child:
        processes.until(lambda: bool(media_witness.told(client)), child, log)
        (seen,) = media_witness.told(client)
        assert seen.process.endswith(f":{child.pid}")
    client.close()

    assert seen.mark == shared.mark(tmp_path / "media")
