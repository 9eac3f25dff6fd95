"""From a claimed message to the request that sends it."""

from base64 import b64encode
from pathlib import Path

from runtime.media_ports import MEDIA
from services.integrations.media import store
from services.integrations.waha import calls
from services.integrations.waha.addresses import chat_id
from services.integrations.waha.calls import Call, MediaKind, OutgoingFile
from services.integrations.waha.errors import WahaConfiguration, WahaError, WahaUnreachable
from services.integrations.waha.outcomes import (
    Accepted,
    Configuration,
    NotSent,
    Outcome,
    Permanent,
)
from services.integrations.waha.sender import Sender
from services.integrations.waha.types import SentReceipt
from services.messages.claim import Claimed
from services.messages.settle import Doubt

_KIND_OF_TYPE: dict[str, MediaKind] = {"image": "image", "video": "video", "audio": "voice"}


def is_sign(sent: Claimed | Doubt) -> bool:
    """Typing and seen are signs: nothing is delivered, nothing can be doubled."""
    return sent.kind in ("typing", "seen")


def call_for(sent: Claimed, media_root: Path) -> Call | Outcome:
    """The one request that sends this message; an outcome when none can be built."""
    chat = chat_of(sent)
    try:
        if sent.kind == "text":
            return calls.send_text(
                sent.session,
                chat,
                sent.body,
                message_id=sent.wa_msg_id,
                link_preview=sent.link_preview,
            )
        media = sent.media or {}
        mimetype = str(media.get("mimetype") or "application/octet-stream")
        name = str(media.get("url") or "").removeprefix(MEDIA)
        found = store.find(media_root, sent.tenant_id, name)
        # Sent inline: WAHA then needs no way to our files, and fetches no address of ours.
        data = b64encode(found.path.read_bytes()).decode()
        file = OutgoingFile(mimetype, media.get("filename"), data=data)
        return calls.send_media(
            sent.session,
            chat,
            _KIND_OF_TYPE.get(mimetype.split("/")[0], "file"),
            file,
            caption=sent.body or None,
            message_id=sent.wa_msg_id,
        )
    except store.MediaProblem as error:
        return Permanent(error.code, str(error))
    except (ValueError, OSError) as error:
        return Permanent("bad_message", str(error))


def chat_of(sent: Claimed) -> str:
    """WAHA's chat id: made here and nowhere earlier."""
    return sent.chat_key if "@" in sent.chat_key else chat_id(sent.chat_key)


async def send_sign(sender: Sender, sent: Claimed, timeout_s: float) -> Outcome:
    """Show typing, or mark as seen. A sign that fails is let go."""
    chat = chat_of(sent)
    if sent.kind == "typing":
        call = calls.typing(sent.session, chat, on=True)
    else:
        call = calls.send_seen(sent.session, chat)
    try:
        await sender.ask(call, timeout_s)
    except WahaUnreachable as error:
        return NotSent(error.code or "unreachable", error.message, scope="server")
    except WahaConfiguration as error:
        return Configuration(error.code or "configuration", error.message)
    except WahaError as error:
        return Permanent(error.code or "sign_failed", error.message)
    return Accepted(SentReceipt("", None, True))
