"""The second act: customers write, show a poster, click; judged by the ledger and the database."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import Table as SqlTable
from sqlalchemy import select

from domain.states import ChatMode
from runtime import compose
from runtime.compose import App
from runtime.demo import bot, clicks, poster, talks
from runtime.demo import shop as demo_shop
from runtime.demo.bot import Bot
from runtime.demo.phones import Phones
from runtime.demo.shop import Shop
from runtime.demo.talks import Answers, Talk
from runtime.demo.verdict import REACHED
from runtime.models import FlowRun
from services.blacklist.opt_out import OPT_OUT_TEXT
from services.campaigns import service as campaigns
from services.campaigns.models import CampaignLog
from services.chats.models import ChatMessage, ChatSession
from services.contacts import audience
from services.contacts import repository as contacts
from services.devices.models import Device
from services.rotators import service as rotators

chats: SqlTable = ChatSession.__table__  # type: ignore[assignment]
devices: SqlTable = Device.__table__  # type: ignore[assignment]
logs: SqlTable = CampaignLog.__table__  # type: ignore[assignment]
runs: SqlTable = FlowRun.__table__  # type: ignore[assignment]
said: SqlTable = ChatMessage.__table__  # type: ignore[assignment]

ANSWERS_S = 12.0
READER_S = 25.0
SOON_S = 6.0
HOLD_S = 1.2
"""How long nothing more may come once everything was answered."""
LOOK_S = 0.05
CLICKS = 100
AGAIN_TAG = "Susulan"
AGAIN_PEOPLE = 3
BURST = ("halo kak", "permisi", "aku mau", "pesan kaos", "yang putih", "ukuran L", "dua ya")
QUESTIONS = (
    ("harga", bot.PRICES),
    ("Kak, HARGA batiknya?", bot.PRICES),
    ("jam buka?", bot.HOURS),
    ("ongkir ke Bandung", bot.SHIPPING),
    ("halo, hargaaa dong", bot.PRICES),
    ("besok jam buka nya?", bot.HOURS),
    ("cek ongkir Surabaya ya", bot.SHIPPING),
    ("mau tanya harga hijab", bot.PRICES),
)
ROUNDS = 3
ASKERS = ("Sari", "Budi", "Wulan", "Agus", "Dewi", "Joko", "Rina", "Eko")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the act showed; `troubles` is empty when every promise was kept."""

    replies: Answers
    ocr: Mapping[str, int] | None
    ocr_why_not: str | None
    clicks: clicks.Led
    clicks_counted: int
    left_out: int
    """People of the second broadcast who were skipped, for they had asked to stop."""
    troubles: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Everybody was answered once, and everything else was as it should be."""
        read = self.ocr is None or min(self.ocr.values()) == 1
        return not (self.troubles or self.replies.lost or self.replies.doubled) and read

    def as_json(self) -> dict[str, Any]:
        """The keys that are added to what the demo prints."""
        told: dict[str, Any] = {
            "replies": {
                "asked": self.replies.asked,
                "answered": self.replies.answered,
                "doubled": self.replies.doubled,
                "lost": self.replies.lost,
                "median_s": self.replies.median_s,
            },
            "ocr": None if self.ocr is None else dict(self.ocr),
            "clicks": {
                "asked": CLICKS,
                "counted": self.clicks_counted,
                "per_number": dict(self.clicks.per_number),
            },
        }
        if self.ocr_why_not is not None:
            told["ocr_why_not"] = self.ocr_why_not
        return told


@dataclass(slots=True)
class _Stage:
    """What the scenes share."""

    app: App
    shop: Shop
    bot: Bot
    phones: Phones
    since: int
    look_after: Callable[[], None]
    talks: list[Talk] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def rows(self) -> list[Mapping[str, Any]]:
        return self.phones.ledger(self.since)

    def until(self, done: Callable[[], bool], within_s: float, trouble: str) -> bool:
        """Wait, looking after the processes; what does not happen in time is a trouble."""
        end = time.monotonic() + within_s
        while not done():
            if time.monotonic() > end:
                self.troubles.append(trouble)
                return False
            self.look_after()
            time.sleep(LOOK_S)
        return True


def run(
    app: App,
    shop: Shop,
    made: Bot,
    campaign_id: int,
    urls: tuple[str, str, str],
    delay_s: tuple[float, float],
    look_after: Callable[[], None],
) -> Outcome:
    """Play every scene after broadcast `campaign_id`. `urls`: simulator, API, reader or ""."""
    sandbox_url, api_url, ocr_url = urls
    with Phones(sandbox_url) as phones:
        stage = _Stage(app, shop, made, phones, phones.ledger_end(), look_after)
        why_not = _reader_why_not(stage, ocr_url)
        if why_not is None:
            _show_poster(stage)
        _ask(stage)
        reached = _ask_to_stop(stage, campaign_id)
        taken_over = _owner_answers(stage)
        led = clicks.click(f"{api_url}/link/{bot.SLUG}", CLICKS)
        _until_answered(stage)
        _write_once_more(stage, taken_over)
        left_out = _broadcast_again(stage, reached, delay_s)
        counted = _counted(stage, led)
        _hold(stage)
        others = reached[1:]
        _check_right(stage, others)
        return Outcome(
            replies=talks.count(stage.talks, _without(stage.rows(), others)),
            ocr=None if why_not is not None else _ocr(stage),
            ocr_why_not=why_not,
            clicks=led,
            clicks_counted=counted,
            left_out=left_out,
            troubles=tuple(stage.troubles),
        )


def table(outcome: Outcome) -> Table:
    """What happened, in plain words."""
    shown = Table(title="What the customers got", title_justify="left")
    shown.add_column("what")
    shown.add_column("figure", justify="right")
    replies = outcome.replies
    shown.add_row("people who asked something", str(replies.asked))
    shown.add_row(
        f"answered, also {len(BURST)} messages in a row", _judged(replies.lost, replies.answered)
    )
    shown.add_row("answered twice, or after STOP or the owner", _judged(replies.doubled))
    shown.add_row("without an answer", _judged(replies.lost))
    if replies.median_s is not None:
        shown.add_row("half of the answers came within", f"{replies.median_s:.2f} s")
    if outcome.ocr is None:
        shown.add_row("photo of a poster", f"[yellow]not shown[/]: {outcome.ocr_why_not}")
    else:
        shown.add_row(
            "photo of a poster read and answered",
            _judged(1 - min(outcome.ocr.values()), outcome.ocr["answered"]),
        )
    shown.add_row("left out of the next broadcast after BERHENTI", str(outcome.left_out))
    split = ", ".join(str(number) for number in outcome.clicks.per_number.values())
    shown.add_row(f"{CLICKS} clicks on one link, shared 5:3:2", split)
    shown.add_row(
        "clicks counted", _judged(CLICKS - outcome.clicks_counted, outcome.clicks_counted)
    )
    return shown


def tell(console: Console, outcome: Outcome) -> None:
    """Print the table, and whatever went wrong."""
    console.print(table(outcome))
    for trouble in outcome.troubles:
        console.print(f"[bold red]{trouble}[/]")


# --------------------------------------------------------------------------- the scenes


def _ask(stage: _Stage) -> None:
    """Many ask at once, and one says in seven messages what fits into one."""
    questions = [QUESTIONS[number % len(QUESTIONS)] for number in range(len(QUESTIONS) * ROUNDS)]
    letters, due = [], []
    for number, (text, rule) in enumerate(questions):
        device = stage.shop.devices[number % len(stage.shop.devices)]
        person = f"6281190001{number:03d}"
        letters.append((device, person, text, ASKERS[number % len(ASKERS)]))
        due.append((text, device, person, rule.sign))
    for told, at_s in zip(due, stage.phones.write_at_once(letters), strict=True):
        stage.talks.append(Talk(*told, at_s))
    device, person = stage.shop.devices[0], "6281190002001"
    at_s = 0.0
    for text in BURST:
        at_s = stage.phones.write(device, person, text, "Ningsih")
    stage.talks.append(Talk("a burst", device, person, bot.ORDER.sign, at_s))


def _ask_to_stop(stage: _Stage, campaign_id: int) -> list["_Reached"]:
    """The first of those who got the broadcast asks to stop; two more will get the next one."""
    people = _reached(stage.app, campaign_id)
    if not people:
        stage.troubles.append("The broadcast reached nobody, so nobody could ask to stop.")
        return []
    stopper = people[0]
    at_s = stage.phones.write(stopper.device, stopper.phone, "BERHENTI")
    stage.talks.append(Talk("BERHENTI", stopper.device, stopper.phone, OPT_OUT_TEXT, at_s))
    return people


def _owner_answers(stage: _Stage) -> Talk:
    """A customer is answered by the bot; then the owner takes the phone."""
    device, person = stage.shop.devices[-1], "6281190003001"
    at_s = stage.phones.write(device, person, "harga kemeja?", "Hendra")
    talk = Talk("before the owner", device, person, bot.PRICES.sign, at_s)
    stage.talks.append(talk)
    stage.until(
        lambda: any(
            talks.is_answer(talk, row) for row in talks.by_person(stage.rows()).get(person, ())
        ),
        ANSWERS_S,
        "The customer whom the owner was to answer got no answer from the bot before.",
    )
    stage.phones.answer(device, person, "Halo Pak Hendra, ini saya sendiri, ada yang bisa dibantu?")
    return talk


def _write_once_more(stage: _Stage, talk: Talk) -> None:
    """The customer writes to the owner; the bot hears it and says nothing."""
    stage.until(
        lambda: _mode(stage.app, talk) == ChatMode.HUMAN,
        SOON_S,
        "The owner answered on the phone, but the chat was not handed over.",
    )
    text = "oh ya, ongkir ke Medan berapa?"
    stage.phones.write(talk.device, talk.person, text)
    stage.until(
        lambda: _was_heard(stage.app, talk.person, text),
        SOON_S,
        "What was written to the owner was not written down.",
    )


def _broadcast_again(
    stage: _Stage, people: Sequence["_Reached"], delay_s: tuple[float, float]
) -> int:
    """Send one more broadcast to these people; returns how many were left out: the first."""
    if not people:
        return 0
    app, shop = stage.app, stage.shop
    now = app.clock.now()
    with app.database.write() as connection:
        tag = audience.tag_ids(connection, shop.tenant_id, [AGAIN_TAG], now, create=[AGAIN_TAG])
        contacts.add_links(connection, [(one.contact_id, tag[AGAIN_TAG]) for one in people])
    campaign_id = demo_shop.start_campaign(
        app, compose.flows(), shop, AGAIN_TAG, delay_s, name="Susulan (demo)"
    )

    def stats() -> campaigns.Stats:
        with app.database.reading_session() as session:
            return campaigns.stats(session, shop.tenant_id, campaign_id, app.clock.now())

    stage.until(
        lambda: stats().status in ("COMPLETED", "CANCELLED", "HELD"),
        ANSWERS_S,
        "The second broadcast did not end.",
    )
    found = stats()
    if found.reached != len(people) - 1 or found.by_state["SKIPPED"] != 1:
        stage.troubles.append(
            f"The second broadcast reached {found.reached} instead of {len(people) - 1}."
        )
    return found.by_state["SKIPPED"]


def _show_poster(stage: _Stage) -> None:
    device, person = stage.shop.devices[1], "6281190004001"
    at_s = stage.phones.show(device, person, poster.draw(), "Fitri")
    stage.talks.append(Talk("a poster", device, person, bot.POSTER.sign, at_s))


def _until_answered(stage: _Stage) -> None:
    def all_came() -> bool:
        return talks.count(stage.talks, stage.rows()).lost == 0

    within_s = READER_S if any(talk.what == "a poster" for talk in stage.talks) else ANSWERS_S
    stage.until(all_came, within_s, "Somebody got no answer.")


def _hold(stage: _Stage) -> None:
    """Give whatever should not come the time to come."""
    until = time.monotonic() + HOLD_S
    while time.monotonic() < until:
        stage.look_after()
        time.sleep(LOOK_S)


# --------------------------------------------------------------------------- what is looked up


@dataclass(frozen=True, slots=True)
class _Reached:
    """A person whom the first broadcast reached."""

    contact_id: int
    phone: str
    device: str


def _reached(app: App, campaign_id: int) -> list[_Reached]:
    with app.database.read() as connection:
        rows = connection.execute(
            select(logs.c.contact_id, logs.c.phone, devices.c.session_name)
            .join(devices, devices.c.id == logs.c.device_id)
            .where(logs.c.campaign_id == campaign_id, logs.c.status.in_(REACHED))
            .order_by(logs.c.position)
            .limit(AGAIN_PEOPLE)
        ).all()
    return [_Reached(row.contact_id, row.phone, row.session_name) for row in rows]


def _mode(app: App, talk: Talk) -> str | None:
    with app.database.read() as connection:
        return connection.execute(select(chats.c.mode).where(chats.c.phone == talk.person)).scalar()


def _was_heard(app: App, person: str, text: str) -> bool:
    with app.database.read() as connection:
        heard = connection.execute(
            select(said.c.id)
            .join(chats, chats.c.id == said.c.session_id)
            .where(chats.c.phone == person, said.c.content == text)
        ).first()
    return heard is not None


def _reader_why_not(stage: _Stage, ocr_url: str) -> str | None:
    """Why no poster is shown, when none is."""
    if not ocr_url:
        return "the reader of images is not set up (make setup-ocr)"
    end = time.monotonic() + READER_S
    while not _reads(ocr_url):
        if time.monotonic() > end:
            stage.troubles.append("The reader of images did not start.")
            return "the reader of images did not start"
        stage.look_after()
        time.sleep(LOOK_S)
    return None


def _reads(ocr_url: str) -> bool:
    try:
        answer = httpx.get(f"{ocr_url}/health", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and answer.json()["status"] == "ready"


def _counted(stage: _Stage, led: clicks.Led) -> int:
    """The clicks in the database once all are there; what is split wrongly is a trouble."""
    app, shop = stage.app, stage.shop

    def per_number() -> dict[str, int]:
        with app.database.reading_session() as session:
            now = app.clock.now()
            found = rotators.stats(session, shop.tenant_id, stage.bot.link_id, None, None, now)
            return {one.phone: one.clicks for one in found.numbers}

    stage.until(
        lambda: sum(per_number().values()) == CLICKS, SOON_S, "Not every click was counted."
    )
    counted = per_number()
    phones = [phone for _, phone in demo_shop.NUMBERS]
    due = clicks.shares(dict(zip(phones, bot.SHARES, strict=True)), CLICKS)
    if dict(led.per_number) != due or counted != due:
        stage.troubles.append(
            f"The clicks were to be split {due}; visitors were led {dict(led.per_number)}, "
            f"counted were {counted}."
        )
    return sum(counted.values())


def _ocr(stage: _Stage) -> dict[str, int]:
    """How many posters were read, by the trace of the runs, and answered, by the ledger."""
    shown = [talk for talk in stage.talks if talk.what == "a poster"]
    with stage.app.database.read() as connection:
        rows = connection.execute(
            select(runs.c.trace)
            .join(chats, chats.c.id == runs.c.chat_session_id)
            .where(chats.c.phone.in_([talk.person for talk in shown]))
        ).all()
    nodes = _readers(stage)
    read = sum(
        any(step["node"] in nodes and step["port"] == "ok" for step in row.trace or ())
        for row in rows
    )
    return {"read": read, "answered": talks.count(shown, stage.rows()).answered}


def _readers(stage: _Stage) -> set[str]:
    """The ids of the reply flow's nodes that read images."""
    from flows.models import Flow, FlowVersion

    with stage.app.database.reading_session() as session:
        flow = session.get_one(Flow, stage.bot.flow_id)
        version = session.get_one(FlowVersion, flow.published_version_id)
        return {
            name
            for name, node in version.document["nodes"].items()
            if str(node["type"]).partition("@")[0] == "ocr"
        }


def _check_right(stage: _Stage, others: Sequence[_Reached]) -> None:
    """Nobody else may have been written to."""
    known = {talk.person for talk in stage.talks} | {one.phone for one in others}
    strangers = {person for person in talks.by_person(stage.rows()) if person not in known}
    strangers.discard(demo_shop.OWNER_PHONE)
    if strangers:
        stage.troubles.append(f"People who had said nothing were written to: {sorted(strangers)}.")


def _without(
    rows: Sequence[Mapping[str, Any]], others: Sequence[_Reached]
) -> list[Mapping[str, Any]]:
    """Rows but those of people who only got the second broadcast."""
    phones = {one.phone for one in others}
    return [row for row in rows if str(row["person"]).partition("@")[0] not in phones]


def _judged(wrong: int, shown: int | None = None) -> str:
    color = "green" if wrong == 0 else "red"
    return f"[bold {color}]{wrong if shown is None else shown}[/]"
