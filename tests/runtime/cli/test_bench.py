"""The measurements belong to a clone."""

from pathlib import Path

import pytest

from runtime.cli.bench import NoSourceTree, run


def test_an_installed_package_says_where_the_measurements_are(tmp_path: Path) -> None:
    with pytest.raises(NoSourceTree, match="not part of the installed package") as caught:
        run(root=tmp_path)

    assert "make bench" in caught.value.hint


@pytest.mark.e2e
@pytest.mark.parametrize("code", [0, 3])
def test_their_exit_code_is_the_commands(tmp_path: Path, code: int) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").touch()
    (tmp_path / "bench" / "__main__.py").write_text(f"import sys; sys.exit({code})")

    assert run(root=tmp_path) == code
