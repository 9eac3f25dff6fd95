"""Small published flows, and a worker's turn over them."""

from typing import Any

from flows.yaml_text import dump
from runtime.advance import World as Worker
from runtime.advance import advance_due
from runtime.plans import Plans
from runtime.ports import TurnBlocks
from tests.conftest import Shop, World

ORDER = {
    "flow": "alir/1",
    "kind": "webhook",
    "id": "pesanan",
    "name": "Pesanan",
    "inputs": {
        "type": "object",
        "required": ["nama", "jumlah"],
        "properties": {
            "nama": {"type": "string", "minLength": 2},
            "jumlah": {"type": "integer", "minimum": 1},
            "kota": {"type": "string", "default": "Bandung"},
        },
    },
    "outputs": {"sapaan": {"$": "steps.greet.text"}, "kota": {"$": "inputs.kota"}},
    "triggers": {"start": {"type": "manual", "next": "count"}},
    "nodes": {
        "count": {
            "type": "set-variables",
            "with": {"values": {"jumlah": {"$": "inputs.jumlah"}}},
            "next": {"ok": "greet"},
        },
        "greet": {
            "type": "template",
            "with": {"text": "Halo {{ inputs.nama }}, {{ vars.jumlah }}"},
            "next": {"ok": "again"},
        },
        "again": {"type": "template", "with": {"text": "{{ steps.greet.text }}!"}},
    },
}
SLOW = {
    **ORDER,
    "id": "menunggu",
    "name": "Menunggu",
    "inputs": None,
    "outputs": None,
    "triggers": {"start": {"type": "manual", "next": "rest"}},
    "nodes": {
        "rest": {"type": "wait", "with": {"duration": "2h"}, "next": {"ok": "end"}},
        "end": {"type": "stop"},
    },
}


def publish(shop: Shop, document: dict[str, Any], **changes: Any) -> int:
    """The id of a flow that is published as it is."""
    whole = {name: value for name, value in (document | changes).items() if value is not None}
    return shop.flow(dump(whole))[0]


def work(world: World) -> int:
    """Advance everything that is due; returns how many runs there were."""
    worker = Worker(world.database, world.clock, Plans(), TurnBlocks())
    total = 0
    while found := advance_due(worker):
        total += found
    return total
