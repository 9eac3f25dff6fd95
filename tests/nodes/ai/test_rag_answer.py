"""RAG answer: where an answer from documents leads, and what happens without an engine."""

import pytest

from nodes.ai.ask_model import AskModel, ask_model
from nodes.ai.classify import Classify, classify
from nodes.ai.rag_answer import RagAnswer, rag_answer
from nodes.contract import Go, NodeError
from tests.nodes.world import World, context

LABELS = {"komplain": "barang rusak", "harga": "tanya harga"}
ASK = {
    "answer": lambda world: rag_answer(RagAnswer(), context(world), question="Halal?"),
    "ask": lambda world: ask_model(AskModel(instructions="x"), context(world), text="Halo"),
    "classify": lambda world: classify(Classify(labels=LABELS), context(world), text="Halo"),
}


@pytest.mark.parametrize("task", ASK)
def test_without_an_engine_the_error_says_so(task):
    with pytest.raises(NodeError) as found:
        ASK[task](World())

    assert found.value.code == "not_configured"
    assert not found.value.retriable


@pytest.mark.parametrize("task", ASK)
def test_an_answer_of_no_shape_is_the_engines_fault(task):
    with pytest.raises(NodeError) as found:
        ASK[task](World(said={task: ["?"]}))

    assert (found.value.code, found.value.kind) == ("bad_answer", "upstream")


@pytest.mark.parametrize("port", ["ok", "ask_back", "no_context", "quota"])
def test_an_answer_from_documents_leaves_by_its_outcome(port):
    world = World(said={"answer": {"outcome": port, "text": "Ya", "score": 0.8}})

    assert rag_answer(RagAnswer(), context(world), question=" Halal? ") == Go(
        port, {"text": "Ya", "citations": [], "score": 0.8}
    )
    assert world.thought[0][1]["question"] == "Halal?"


def test_an_outcome_nobody_knows_is_an_error():
    with pytest.raises(NodeError, match="maybe"):
        rag_answer(
            RagAnswer(), context(World(said={"answer": {"outcome": "maybe"}})), question="Halal?"
        )
