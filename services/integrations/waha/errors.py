"""What can go wrong with a call to WAHA, named by what the caller may do about it.

The texts are written here: no error carries what a server echoed of our request, nor a key.
"""


class WahaError(Exception):
    """A call that did not work; `message` says what, `hint` what to do, `code` is stable."""

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", status: int | None = None
    ) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint
        self.code = code
        self.status = status


class WahaUnreachable(WahaError):
    """No connection: the request never reached the server."""


class WahaTemporary(WahaError):
    """It may work later; whether the call had an effect is not known."""

    retry_after_s: float | None = None


class WahaNotReady(WahaError):
    """The session is not in the state the call needs; `session_status` is what it is, if known."""

    session_status: str | None = None


class WahaPermanent(WahaError):
    """The same call will never work."""


class WahaNotFound(WahaPermanent):
    """The message, session, group or file does not exist."""


class WahaUnsupported(WahaPermanent):
    """This engine or this version of WAHA cannot do it."""


class WahaConfiguration(WahaError):
    """The address or the key of the server is wrong."""
