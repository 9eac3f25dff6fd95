"""What a service asks to happen once its transaction has committed."""

from sqlalchemy.orm import Session

_RINGS = "alir.rings"


def ring_after(session: Session, task: str) -> None:
    """Ring the workers for `task` after the commit; never when the transaction fails."""
    session.info.setdefault(_RINGS, set()).add(task)


def rings(session: Session) -> frozenset[str]:
    """The tasks that were asked for."""
    return frozenset(session.info.get(_RINGS, ()))
