"""What docs/flows-over-http.md tells to type works and answers as it says."""

import re
from pathlib import Path

import pytest

from flows.check import check
from nodes.catalogue import kinds
from tests.conftest import Shop
from tests.docs.examples import Shell, text_of

PAGE = "flows-over-http.md"
FLOW = re.findall(r"```yaml\n(.*?)```", text_of(PAGE), re.DOTALL)[0]


@pytest.mark.e2e
def test_every_example_works_as_written(shop: Shop, shell: Shell, tmp_path: Path) -> None:
    shop.device("toko_1")
    (tmp_path / "terminal" / "salam.yaml").write_text(FLOW, encoding="utf-8")

    shell.follow(PAGE)


def test_the_flow_of_the_page_has_no_problem() -> None:
    assert [problem.message for problem in check(FLOW, kinds()).problems] == []
