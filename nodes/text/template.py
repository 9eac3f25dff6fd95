"""Template: a text made with Jinja out of the values of a run."""

from nodes.contract import Context, Go, Params, node
from nodes.form import form
from nodes.rendering import rendered


class Template(Params):
    text: str = form(
        "Template",
        "Templat",
        "{{ steps.name.value }} puts in a value; {% if %} chooses.",
        "{{ steps.nama.nilai }} mengisi nilai; {% if %} memilih.",
        lang="jinja",
        widget="textarea",
        min_length=1,
        max_length=8_192,
    )


@node(
    "template",
    title="Template",
    title_id="Templat",
    gives=("ok", "error"),
    effect="pure",
    required_ports=("ok",),
    outputs={"text": "string"},
    doc_id="""
    Menyusun teks dari nilai-nilai run ini dengan Jinja, misalnya ringkasan untuk pemilik.
    Untuk pesan ke pelanggan lebih cocok Spintax.
    Templatnya dibatasi: tidak bisa membaca berkas, dan tidak bisa berjalan terlalu lama.
    `error`: templatnya salah tulis. Hasil: `text`.
    """,
)
def template(params: Template, ctx: Context) -> Go:
    """Make a text out of the values of this run with Jinja, such as a summary for the owner.

    For messages to customers Spintax is the better choice.
    Templates are bounded: they can't read files, and can't run for long.
    `error`: the template is written wrongly. Output: `text`.
    """
    return Go("ok", {"text": rendered(params.text, ctx.scope)})
