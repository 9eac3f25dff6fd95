"""The plan of blows: repeatable, and hitting what it says."""

import pytest

from tests.chaos.blows import LAST_BLOW_S, PROFILES, Profile, blows


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_seed_gives_the_same_blows_and_another_seed_others(profile: Profile) -> None:
    assert blows(7, profile) == blows(7, profile)
    assert blows(7, profile) != blows(8, profile)


@pytest.mark.parametrize(
    ("profile", "databases"),
    [("embedded", 0), ("mariadb", 2)],  # SQLite has no process to kill
)
def test_every_run_strikes_everything_that_can_be_struck(profile: Profile, databases: int) -> None:
    for seed in range(50):
        struck = [blow.what for blow in blows(seed, profile)]

        assert struck.count("worker") >= 5
        assert struck.count("redis") == struck.count("redis_emptied") == struck.count("api") == 1
        assert struck.count("database") == databases


@pytest.mark.parametrize("profile", PROFILES)
def test_blows_come_in_order_and_end_in_time_for_the_broadcast_to_end(profile: Profile) -> None:
    times = [blow.at_s for blow in blows(3, profile)]

    assert times == sorted(times)
    assert times[-1] < LAST_BLOW_S
