"""The simulator's phones in the hands of the demo: people write, the owner answers, we look on."""

import base64
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT_S = 15.0
AT_ONCE = 8
PAGE = 5000


class Phones:
    """The control API of a simulator. Use it as a context."""

    def __init__(self, sandbox_url: str) -> None:
        self._http = httpx.Client(base_url=sandbox_url, timeout=TIMEOUT_S, trust_env=False)
        self._hands = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="phones")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hands.shutdown()
        self._http.close()

    def write(self, device: str, sender: str, text: str, name: str = "") -> float:
        """A customer writes to a number; returns when, on the monotonic clock."""
        return self._inbound(device, sender, {"text": text, "push_name": name or None})

    def write_at_once(self, letters: Sequence[tuple[str, str, str, str]]) -> list[float]:
        """Several customers write in the same moment: (device, sender, text, name) each."""
        return list(self._hands.map(lambda letter: self.write(*letter), letters))

    def show(self, device: str, sender: str, picture: bytes, name: str = "") -> float:
        """A customer sends a PNG."""
        media = {
            "mimetype": "image/png",
            "filename": "poster.png",
            "data": base64.b64encode(picture).decode(),
        }
        return self._inbound(device, sender, {"media": media, "push_name": name or None})

    def answer(self, device: str, person: str, text: str) -> None:
        """The owner answers from the phone, beside the bot."""
        body = {"session": device, "chat": person, "text": text}
        self._http.post("/sandbox/owner", json=body).raise_for_status()

    def ledger(self, since: int) -> list[Mapping[str, Any]]:
        """What was delivered to people after row `since` of the ledger."""
        rows: list[Mapping[str, Any]] = []
        while True:
            asked = {"since": since, "limit": PAGE}
            page = self._http.get("/sandbox/ledger", params=asked).raise_for_status().json()
            rows += [row for row in page["rows"] if row["outcome"] == "delivered"]
            if not page["rows"]:
                return rows
            since = page["next"]

    def ledger_end(self) -> int:
        """The number of the ledger's last row."""
        return int(self._http.get("/sandbox/ledger/summary").raise_for_status().json()["last_seq"])

    def _inbound(self, device: str, sender: str, said: Mapping[str, Any]) -> float:
        began = time.monotonic()
        body = {"session": device, "from": sender, **{k: v for k, v in said.items() if v}}
        self._http.post("/sandbox/inbound", json=body).raise_for_status()
        return began
