"""Three engine personalities: the same message as GOWS, NOWEB and WEBJS write it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox import ids
from sandbox.messages import ACK_NAMES, Message

if TYPE_CHECKING:
    from sandbox.sessions import Session

_WIB = timezone(timedelta(hours=7))
Body = dict[str, Any]


def honours_message_id(engine: str) -> bool:
    return engine != "WEBJS"


def lists_all_chats(engine: str) -> bool:
    return engine != "WEBJS"


def first_ack(engine: str) -> int:
    """What a send reports at once: only GOWS waits for WhatsApp's server."""
    return 1 if engine == "GOWS" else 0


def ack_steps(engine: str) -> tuple[int, ...]:
    """The acknowledgements that are announced later; GOWS never announces SERVER."""
    return (2, 3) if engine == "GOWS" else (1, 2, 3)


def whole_id(session: "Session", message: Message) -> str:
    participant = message.participant
    if ids.is_group(message.chat) and message.from_me:
        participant = session.me_id
    return ids.serialized(message.from_me, message.chat, message.id, participant)


def _iso(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).astimezone(_WIB).isoformat(timespec="seconds")


def _content(message: Message, text_key: str) -> Body:
    """The protocol's message block."""
    if message.kind == "text" or message.is_revoked:
        if text_key == "conversation":
            return {"conversation": message.text}
        return {"extendedTextMessage": {"text": message.text}}
    if message.media is not None:
        block: Body = {"mimetype": message.media.mimetype}
        if message.media.filename:
            block["fileName"] = message.media.filename
        if message.text is not None:
            block["caption"] = message.text
        names = {"image": "imageMessage", "video": "videoMessage", "voice": "audioMessage"}
        return {names.get(message.kind, "documentMessage"): block}
    return {f"{message.kind}Message": message.extra or {}}


def _gows_data(session: "Session", message: Message, text_key: str) -> Body:
    chat = ids.inner_jid(message.chat)
    is_hidden = message.chat.endswith("@lid") or (message.participant or "").endswith("@lid")
    if message.from_me:
        sender = f"{session.phone}:42@s.whatsapp.net"
        if message.source == "app":
            sender = f"{session.phone}@s.whatsapp.net"
    elif message.participant:
        sender = ids.inner_jid(message.participant)
    else:
        sender = chat if is_hidden else chat.replace("@", ":3@", 1)
    return {
        "Info": {
            "Chat": chat,
            "Sender": sender,
            "IsFromMe": message.from_me,
            "IsGroup": ids.is_group(message.chat),
            "AddressingMode": "lid" if is_hidden else "",
            "SenderAlt": ids.inner_jid(message.alternate) if message.alternate else "",
            "RecipientAlt": "",
            "ID": message.id,
            "PushName": "" if message.from_me else message.push_name,
            "Timestamp": _iso(message.timestamp),
            "Type": "text",
            "Category": "",
        },
        "Message": _content(message, text_key),
    }


def _noweb_data(session: "Session", message: Message) -> Body:
    key: Body = {
        "remoteJid": ids.inner_jid(message.chat),
        "fromMe": message.from_me,
        "id": message.id,
    }
    if message.participant:
        key["participant"] = ids.inner_jid(message.participant)
        if message.alternate:
            key["participantAlt"] = ids.inner_jid(message.alternate)
    elif message.alternate:
        key["remoteJidAlt"] = ids.inner_jid(message.alternate)
    return {
        "key": key,
        "messageTimestamp": message.timestamp,
        "pushName": session.push_name if message.from_me else message.push_name,
        "broadcast": False,
        "message": _content(message, "conversation"),
        "status": message.ack + 1,
    }


def _webjs_id(message: Message, whole: str) -> Body:
    return {
        "fromMe": message.from_me,
        "remote": message.chat,
        "id": message.id,
        "_serialized": whole,
    }


def _webjs_type(message: Message) -> str:
    return {"text": "chat", "voice": "ptt", "file": "document"}.get(message.kind, message.kind)


def _ends(session: "Session", message: Message) -> tuple[str, str]:
    """From and to as WEBJS sees them."""
    if message.from_me:
        return session.me_id or "", message.chat
    return message.chat, session.me_id or ""


def _webjs_data(session: "Session", message: Message, whole: str) -> Body:
    sender, recipient = _ends(session, message)
    return {
        "id": _webjs_id(message, whole),
        "body": message.text or "",
        "type": _webjs_type(message),
        "t": message.timestamp,
        "notifyName": message.push_name,
        "from": sender,
        "to": recipient,
    }


def send_answer(engine: str, session: "Session", message: Message) -> Body:
    """The body of a 201 to a send."""
    whole = whole_id(session, message)
    if engine == "GOWS":
        return {"id": whole, "_data": _gows_data(session, message, "extended")}
    if engine == "NOWEB":
        return {
            "key": {
                "remoteJid": ids.inner_jid(message.chat),
                "fromMe": True,
                "id": message.id,
            },
            "message": _content(message, "extended"),
            "messageTimestamp": str(message.timestamp),
            "status": "PENDING",
        }
    sender, recipient = _ends(session, message)
    whole_object = _webjs_id(message, whole)
    kind = _webjs_type(message)
    return {
        "_data": {
            "id": whole_object,
            "body": message.text or "",
            "type": kind,
            "t": message.timestamp,
            "ack": 0,
        },
        "id": whole_object,
        "ack": 0,
        "hasMedia": message.media is not None,
        "body": message.text or "",
        "type": kind,
        "timestamp": message.timestamp,
        "from": sender,
        "to": recipient,
        "fromMe": True,
    }


def wa_message(engine: str, session: "Session", message: Message, media: Body | None) -> Body:
    """WAHA's WAMessage, as webhooks and the history show it."""
    whole = whole_id(session, message)
    to: str | None = None
    sender = message.chat
    if engine == "WEBJS":
        sender, to = _ends(session, message)
        data = _webjs_data(session, message, whole)
    elif engine == "NOWEB":
        to = message.chat if ids.is_group(message.chat) else None
        data = _noweb_data(session, message)
    else:
        to = message.participant if ids.is_group(message.chat) else None
        data = _gows_data(session, message, "conversation")
    location = None
    if message.kind == "location" and message.extra:
        location = {
            "latitude": str(message.extra.get("latitude", "")),
            "longitude": str(message.extra.get("longitude", "")),
            "live": False,
            "name": message.extra.get("title"),
        }
    cards: list[str] = []
    if message.kind == "contact" and message.extra:
        cards = [str(card.get("vcard") or "") for card in message.extra.get("contacts", [])]
    return {
        "id": whole,
        "timestamp": message.timestamp,
        "from": sender,
        "fromMe": message.from_me,
        "source": message.source,
        "to": to,
        "participant": message.participant,
        "body": message.text,
        "hasMedia": message.media is not None,
        "media": media,
        "ack": message.ack,
        "ackName": ACK_NAMES[message.ack],
        "location": location,
        "vCards": cards,
        "replyTo": message.reply_to,
        "_data": data,
    }


def inbound_ack(engine: str) -> int:
    return 1 if engine == "WEBJS" else 2


def ack_payload(
    engine: str,
    session: "Session",
    message: Message,
    ack: int,
    participant: str | None = None,
    error: Body | None = None,
) -> Body:
    """The payload of `message.ack` or, with a participant, of `message.ack.group`."""
    if engine == "WEBJS" and participant is None:
        sender, recipient = _ends(session, message)
        whole = whole_id(session, message)
        return {
            "id": whole,
            "from": sender,
            "fromMe": True,
            "source": message.source,
            "to": recipient,
            "body": message.text or "",
            "hasMedia": message.media is not None,
            "media": None,
            "ack": ack,
            "ackName": ACK_NAMES[ack],
            "vCards": [],
            "_data": {
                "id": _webjs_id(message, whole),
                "viewed": False,
                "from": sender,
                "to": recipient,
                "author": sender,
                "ack": ack,
            },
        }
    payload: Body = {"id": whole_id(session, message), "from": message.chat}
    if engine == "NOWEB" and participant is None and error is None:
        return payload | {"fromMe": True, "ack": ack, "ackName": ACK_NAMES[ack]}
    to = participant
    if participant is not None and engine != "GOWS":
        to = message.chat
    payload |= {
        "to": to,
        "participant": participant,
        "fromMe": True,
        "ack": ack,
        "ackName": ACK_NAMES[ack],
    }
    if error is not None:
        payload["error"] = error
    if engine == "GOWS":
        person = ids.inner_jid(participant or message.chat)
        sender = person if ack != 2 or participant else person.replace("@", ":3@", 1)
        payload["_data"] = {
            "Chat": ids.inner_jid(message.chat),
            "Sender": sender,
            "IsFromMe": False,
            "IsGroup": ids.is_group(message.chat),
            "AddressingMode": "",
            "SenderAlt": "",
            "RecipientAlt": "",
            "BroadcastListOwner": "",
            "BroadcastRecipients": None,
            "MessageIDs": [message.id],
            "Type": {2: "", 3: "read", 4: "played"}.get(ack, ""),
            "MessageSender": "",
        }
    return payload
