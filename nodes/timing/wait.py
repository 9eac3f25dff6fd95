"""Wait: a pause of a fixed or a random length."""

from datetime import timedelta

from pydantic import model_validator

from domain.seeds import generator
from nodes.contract import Context, Params, Wait, node
from nodes.form import Seconds, form


class WaitFor(Params):
    duration: Seconds | None = form(
        "How long",
        "Berapa lama",
        "For example 30s, 10m, 2h or 1d.",
        "Misalnya 30s (detik), 10m (menit), 2h (jam), atau 1d (hari).",
        default=None,
        widget="duration",
    )
    min: Seconds | None = form(
        "At least",
        "Paling sebentar",
        "For a random pause: the shortest.",
        "Untuk jeda acak: yang terpendek.",
        default=None,
        widget="duration",
    )
    max: Seconds | None = form(
        "At most",
        "Paling lama",
        "For a random pause: the longest.",
        "Untuk jeda acak: yang terpanjang.",
        default=None,
        widget="duration",
    )

    @model_validator(mode="after")
    def one_kind_of_pause(self) -> "WaitFor":
        if self.duration is not None:
            if self.min is not None or self.max is not None:
                raise ValueError("give either a duration, or min and max")
        elif self.min is None or self.max is None:
            raise ValueError("give a duration, or both min and max")
        elif self.max < self.min:
            raise ValueError("max is below min")
        return self


@node(
    "wait",
    title="Wait",
    title_id="Tunggu",
    gives=("ok", "error"),
    effect="pure",
    required_ports=("ok",),
    doc_id="""
    Berhenti sejenak sebelum langkah berikutnya: tetap, atau acak antara dua batas.
    Tidak menahan yang lain; alur lain dan penerima lain terus jalan.
    Tetap berlaku walau server dimatikan dan dinyalakan lagi.
    Jeda antarpesan tidak perlu ini: itu sudah diatur di kampanye.
    Keluar lewat `ok`.
    """,
)
def wait(params: WaitFor, ctx: Context) -> Wait:
    """Pause before the next step: for a fixed time, or a random one between two bounds.

    Nothing else is held up; other flows and other recipients go on.
    It holds across a restart of the server.
    Pauses between messages don't need this: the campaign sets them.
    Leaves by `ok`.
    """
    if params.duration is not None:
        length_s = params.duration
    else:
        draw = generator(ctx.seed, ctx.identity, ctx.node_id, ctx.attempt)
        length_s = draw.uniform(params.min or 0.0, params.max or 0.0)
    return Wait(ctx.now + timedelta(seconds=length_s))
