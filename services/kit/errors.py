"""Errors in the product's words, each with its HTTP status and a stable code.

ProductError
 ├── BadRequest 400    ├── Unauthorized 401   ├── Forbidden 403   ├── NotFound 404
 ├── Conflict 409      ├── TooLarge 413       ├── Invalid 422     ├── TooMany 429
 └── Unavailable 503 (temporary: the same call may work later)
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong in what was sent: where, what, and the way out."""

    field: str
    message: str
    hint: str = ""


class ProductError(Exception):
    """Something a user can act on. `code` is stable, `message` is for people."""

    status = 500
    code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str = "",
        problems: Sequence[FieldProblem] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.hint = hint
        self.problems = tuple(problems)
        self.retry_after_s = retry_after_s


class BadRequest(ProductError):
    status = 400
    code = "bad_request"


class Unauthorized(ProductError):
    status = 401
    code = "unauthorized"


class Forbidden(ProductError):
    status = 403
    code = "forbidden"


class NotFound(ProductError):
    status = 404
    code = "not_found"


class Conflict(ProductError):
    status = 409
    code = "conflict"


class TooLarge(ProductError):
    status = 413
    code = "too_large"


class Invalid(ProductError):
    status = 422
    code = "invalid"


class TooMany(ProductError):
    status = 429
    code = "too_many_requests"


class Unavailable(ProductError):
    status = 503
    code = "unavailable"
