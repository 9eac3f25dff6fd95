"""The dashboard's own tests and its build, as part of the whole."""

from pathlib import Path

import pytest

from tests.designer.conftest import run_script

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("designer")]


def test_the_units_hold(toolchain):
    run_script("npm", "run", "--silent", "test")


def test_the_build_keeps_its_budgets(built: Path):
    assert (built / "index.html").is_file()
    assert list((built / "assets").glob("*.js.gz"))


def test_the_page_that_is_built_asks_nothing_of_other_machines(built: Path):
    page = (built / "index.html").read_text(encoding="utf-8")

    assert "http://" not in page
    assert "https://" not in page
    assert 'nonce="__CSP_NONCE__"' in page
