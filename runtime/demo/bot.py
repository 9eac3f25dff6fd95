"""What answers in the demo's shop: the shipped reply flow, keyword rules, and one shared link."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flows import publishing
from flows import service as flows
from flows.shelf import service as shelf
from flows.yaml_text import edit, load
from runtime import compose
from runtime.compose import App
from services.auto_replies import service as auto_replies
from services.auto_replies.schemas import RuleIn
from services.rotators import service as rotators
from services.rotators.schemas import RotatorIn, TargetIn
from services.rotators.words import RotationType

TEMPLATE = "shipped:inbound-pipeline"
SLUG = "toko-melati"
SHARES = (5, 3, 2)
"""What each of the three numbers takes of ten visitors."""


@dataclass(frozen=True, slots=True)
class Bot:
    """What was made."""

    flow_id: int
    link_id: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A keyword rule, and a piece of its answer by which it is known again."""

    keyword: str
    keywords: tuple[str, ...]
    answer: str
    sign: str


PRICES = Rule(
    "harga",
    ("price list", "berapaan"),
    "{Halo|Hai} Kak, daftar harga: kaos polos Rp 65.000, kemeja batik Rp 185.000, hijab Rp 45.000.",
    "daftar harga",
)
HOURS = Rule(
    "jam buka",
    ("buka jam", "tutup jam"),
    "Toko Melati {buka|melayani} Senin sampai Sabtu, 08.00-20.00 WIB.",
    "08.00-20.00",
)
SHIPPING = Rule(
    "ongkir",
    ("ongkos kirim",),
    "Ongkir {Jabodetabek|area Jabodetabek} mulai Rp 9.000, luar kota mulai Rp 15.000 ya Kak.",
    "mulai Rp 9.000",
)
POSTER = Rule(
    "diskon gajian",
    ("promo gajian",),
    "Wah, itu poster promo kami! {Diskon|Potongan} 20% sampai akhir bulan, tanpa minimal belanja.",
    "poster promo kami",
)
ORDER = Rule(
    "pesan kaos",
    ("order kaos",),
    "Siap Kak, pesanan kaosnya kami catat. {Alamat kirimnya|Dikirim ke} mana ya?",
    "kami catat",
)
RULES = (PRICES, HOURS, SHIPPING, POSTER, ORDER)


def make(
    app: App,
    tenant_id: int,
    numbers: Sequence[tuple[str, str, str]],
    *,
    burst_s: float | None = None,
) -> Bot:
    """Publish the shop's reply flow, its rules and its link.

    `numbers`: (title, phone, device) of those who share the link's visitors. `burst_s`: only a
    show in which time runs faster waits longer for the end of a burst than the template says.
    """
    now = app.clock.now()
    with app.database.session() as session:
        flow = shelf.instantiate(
            session, tenant_id, TEMPLATE, slug=None, name=None, params={}, now=now
        )
        flow_id = flow.id
        if burst_s is not None:
            flows.save(
                session, tenant_id, flow_id, patient(flow.source, burst_s), flow.revision, now
            )
        for place, rule in enumerate(RULES):
            given = RuleIn(
                name=rule.keyword,
                keyword=rule.keyword,
                keywords=list(rule.keywords),
                response_text=rule.answer,
                priority=len(RULES) - place,
            )
            auto_replies.create(session, tenant_id, _values(given), now)
        link = rotators.create(
            session,
            compose.flows(),
            tenant_id,
            RotatorIn(
                slug=SLUG,
                name="Toko Melati",
                rotation_type=RotationType.WEIGHTED,
                target_numbers=[
                    TargetIn(phone=phone, weight=share, device=device, label=title)
                    for (title, phone, device), share in zip(numbers, SHARES, strict=True)
                ],
                default_message="Halo [tautan], saya mau tanya. (#[kode])",
            ),
            now,
        )
        link_id = link.id
    publishing.publish(app.database, tenant_id, flow_id, None, app.clock.now())
    return Bot(flow_id, link_id)


def patient(text: str, burst_s: float) -> str:
    """The flow with other pauses for bursts, unscaled seconds; all else as it is."""
    source = load(text)
    document = dict(source.document or {})
    pause = {"quiet": f"{burst_s:g}s", "max": f"{4 * burst_s:g}s"}
    document["triggers"] = {
        name: {**entry, "debounce": {**(entry.get("debounce") or {}), **pause}}
        for name, entry in document["triggers"].items()
    }
    return edit(source.text, document)


def _values(given: RuleIn) -> dict[str, Any]:
    """A rule as the service keeps it: always on."""
    values = {**given.model_dump(), "schedule": {}}
    return {name: getattr(value, "value", value) for name, value in values.items()}
