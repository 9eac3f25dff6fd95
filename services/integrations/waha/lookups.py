"""What the reconciler asks on the sender's event loop: history, the session, and typing."""

from functools import partial

from services.integrations.waha import answers, calls
from services.integrations.waha.calls import Order
from services.integrations.waha.errors import WahaNotFound
from services.integrations.waha.protocol import Problem, read_answer
from services.integrations.waha.sender import ASK_TIMEOUT_S, Sender
from services.integrations.waha.types import Message, Session


async def message_by_id(
    sender: Sender,
    session: str,
    message_id: str,
    *,
    chat: str = "all",
    timeout_s: float = ASK_TIMEOUT_S,
) -> Message | None:
    """The message, or None when the server looked and has none.

    Bare id and `all` on GOWS and NOWEB; whole id and its chat on WEBJS.
    Raises: WahaError for everything that is no answer to the question, a missing session too.
    """
    try:
        answer = await sender.ask(calls.get_message(session, message_id, chat=chat), timeout_s)
    except WahaNotFound as error:
        if error.code == Problem.MESSAGE_MISSING:
            return None
        raise
    return read_answer(partial(answers.read_wanted_message, message_id=message_id), answer.body)


async def messages(
    sender: Sender,
    session: str,
    chat: str = "all",
    *,
    since_s: int | None = None,
    until_s: int | None = None,
    from_me: bool | None = None,
    limit: int = calls.PAGE_LIMIT,
    offset: int = 0,
    order: Order = "desc",
    timeout_s: float = ASK_TIMEOUT_S,
) -> list[Message]:
    """A page of history, newest first; times are unix seconds. Raises: WahaError."""
    call = calls.list_messages(
        session,
        chat,
        since_s=since_s,
        until_s=until_s,
        from_me=from_me,
        limit=limit,
        offset=offset,
        order=order,
    )
    answer = await sender.ask(call, timeout_s)
    return read_answer(partial(answers.read_messages, from_me=from_me), answer.body)


async def session_state(sender: Sender, session: str, timeout_s: float = ASK_TIMEOUT_S) -> Session:
    """The session as it is now; answered at once, whatever its state. Raises: WahaError."""
    answer = await sender.ask(calls.get_session(session), timeout_s)
    return read_answer(answers.read_session, answer.body)


async def typing(
    sender: Sender, session: str, chat: str, *, on: bool, timeout_s: float = ASK_TIMEOUT_S
) -> None:
    """Show or hide "typing..." in a chat. Raises: WahaError."""
    await sender.ask(calls.typing(session, chat, on=on), timeout_s)
