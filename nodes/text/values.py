"""What the fields of a message stand for: the flow's variables, the contact, the shop, the hour."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.text import SYSTEM_FIELDS, field_name, system_values
from domain.zones import WIB, UnknownZone, contact_zone, zone_name, zone_of
from nodes.checks import from_scope
from nodes.contract import Context

SHOP_FIELD = "toko"
"""`[toko]` is the tenant's name; `[name]` is the contact's."""

PLACE_COLUMNS = {
    "zone": "zone",
    "zona": "zone",
    "city": "city",
    "province": "province",
    "kota": "city",
    "kabupaten": "city",
    "provinsi": "province",
    "daerah": "province",
}
"""Where a contact says its zone or place, the surest first, and what the column holds.

The product's own names go before the column titles of a customer's file.
"""


def field_values(fields: Iterable[str], ctx: Context) -> dict[str, Any]:
    """A value for each of these fields that has one, apart from the time-aware ones.

    Looked for in the flow's variables, then in the contact and its own fields, then in the
    tenant's profile; empty values are passed over, lists and objects are no values.
    """
    contact = contact_of(ctx)
    profile = ctx.ports.profile()
    shop = {key: value for key, value in profile.items() if key not in ("name", "zone")}
    shop[SHOP_FIELD] = profile.get("name")
    own = contact.get("fields")
    layers = (
        _mapping(from_scope(ctx.scope, "vars")),
        contact,
        _mapping(own),
        shop,
    )
    found = {}
    for name in fields:
        for layer in layers:
            value = _value(layer, name)
            if value is not None:
                found[name] = value
                break
    return found


def clock_values(fields: Iterable[str], ctx: Context) -> dict[str, str]:
    """The time-aware fields among these, at the recipient's own hour."""
    asked = SYSTEM_FIELDS.intersection(fields)
    if not asked:
        return {}
    now = system_values(local_now(ctx))
    return {name: now[name] for name in asked}


def local_now(ctx: Context) -> datetime:
    """The wall clock of the recipient."""
    return ctx.now.astimezone(zone_of(recipient_zone(ctx)))


def recipient_zone(ctx: Context) -> str:
    """The IANA zone of the contact as far as it is known, else the tenant's.

    The first of the columns in `PLACE_COLUMNS` that holds a zone or a place somebody knows.
    """
    contact = contact_of(ctx)
    layers = (contact, _mapping(contact.get("fields")))
    for column, what in PLACE_COLUMNS.items():
        for value in (_value(layer, column) for layer in layers):
            found = contact_zone(**{what: str(value or "")}, otherwise="")
            if found:
                return found
    return tenant_zone(ctx)


def tenant_zone(ctx: Context) -> str:
    """The IANA zone of the tenant; WIB when the profile has none."""
    try:
        return zone_name(str(ctx.ports.profile().get("zone") or WIB))
    except UnknownZone:
        return WIB


def contact_of(ctx: Context) -> Mapping[str, Any]:
    """The contact this step is about: the element's, else the run's; empty when there is none."""
    for path in (("item", "contact"), ("contact",), ("trigger", "contact")):
        found = from_scope(ctx.scope, *path)
        if isinstance(found, Mapping) and found:
            return found
    return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _value(layer: Mapping[str, Any], name: str) -> Any:
    value = layer.get(name)
    if value is None:
        for key, other in layer.items():
            if other is not None and isinstance(key, str) and field_name(key) == name:
                value = other
                break
    if isinstance(value, str):
        return value if value.strip() else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
