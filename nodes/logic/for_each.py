"""For each: the steps inside run once for every person or thing of a list."""

from typing import Annotated, Any, Literal

from nodes.checks import kind_of
from nodes.contract import Context, Each, NodeError, Params, node
from nodes.form import form, reads

MAX_WINDOW = 500
MAX_ITEMS = 10_000


class ForEach(Params):
    window: int = form(
        "At the same time",
        "Bersamaan",
        "How many elements are under way at once, at most.",
        "Paling banyak berapa yang berjalan bersamaan.",
        default=50,
        widget="number",
        ge=1,
        le=MAX_WINDOW,
    )
    order: Literal["given", "shuffled"] = form(
        "Order",
        "Urutan",
        "As in the list, or shuffled the same way every time this run is repeated.",
        "Sesuai daftar, atau diacak (selalu sama kalau run ini diulang).",
        default="given",
        widget="select",
        labels={"given": ("As given", "Sesuai daftar"), "shuffled": ("Shuffled", "Acak")},
    )


@node(
    "for-each",
    title="For each",
    title_id="Untuk setiap",
    gives=("each", "done", "error"),
    effect="pure",
    container=True,
    required_ports=("each",),
    outputs={"counts": "object"},
    doc_id="""
    Menjalankan langkah di dalamnya sekali untuk setiap kontak atau isi daftar.
    Langkah di dalam membaca elemennya sebagai `item`, misalnya `item.contact.phone`.
    `each` menuju langkah pertama di dalam; `done` jalan setelah semuanya selesai.
    Hasil: `counts`, jumlah yang berhasil (`ok`), gagal, dan dilewati.
    """,
)
def for_each(
    params: ForEach,
    ctx: Context,
    *,
    items: Annotated[
        Any,
        reads(
            "List",
            "Daftar",
            "The cursor of Select contacts, or any list.",
            "Cursor dari Pilih kontak, atau daftar apa saja.",
            widget="list",
        ),
    ],
) -> Each:
    """Run the steps inside once for every contact, or for everything in a list.

    The steps inside read their element as `item`, for example `item.contact.phone`.
    `each` leads to the first step inside; `done` goes on when all of them have ended.
    Output: `counts`, how many went well (`ok`), failed and were skipped.
    """
    return Each(cursor=_cursor(items), window=params.window, order=params.order)


def _cursor(items: Any) -> dict[str, Any]:
    if isinstance(items, dict) and isinstance(items.get("kind"), str):
        if items["kind"] != "list":
            return items
        items = items.get("items")
    if not isinstance(items, list | tuple):
        raise NodeError(
            f"items should be a list or the cursor of Select contacts but is {kind_of(items)}.",
            code="bad_items",
        )
    if len(items) > MAX_ITEMS:
        raise NodeError(
            f"The list has {len(items)} elements; {MAX_ITEMS} is the most. Use Select contacts.",
            code="too_many_items",
        )
    return {"kind": "list", "items": list(items)}
