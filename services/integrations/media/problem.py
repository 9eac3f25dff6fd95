"""What can be wrong with a file."""


class MediaProblem(ValueError):
    """A file can't be used; `code` is stable, the message says why."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
