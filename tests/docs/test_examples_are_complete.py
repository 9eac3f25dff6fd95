"""No command of the guide's pages escapes the tests that type them."""

import pytest

from tests.docs.examples import ADDRESS, KEY, examples, text_of


@pytest.mark.parametrize(
    "page", ["replies.md", "links.md", "starting-flows.md", "flows-over-http.md"]
)
def test_every_command_and_every_answer_of_a_page_is_found(page: str) -> None:
    text, found = text_of(page), examples(page)

    assert len(found) == text.count("```sh") > 5
    answers = sum(example.kind is not None for example in found)
    assert answers == text.count("```json") + text.count("```text") > 5
    assert ADDRESS in found[0].command
    assert KEY in found[0].command
