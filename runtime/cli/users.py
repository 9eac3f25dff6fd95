"""`alir user create EMAIL`: a person who may sign in, with a business when none is named."""

import re
import sys

from runtime.cli.database import opened, told
from services.kit.config import Settings
from services.kit.errors import NotFound

OK, WRONG_USAGE = 0, 2
ROLES = ("admin", "user", "agent")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def create(
    email: str, password: str, tenant_id: int | None, business: str, role: str = "user"
) -> int:
    """Make the person. Returns 0, or 2 for an address or role that makes no sense.

    Raises: ProductError when the address is taken, the password too short, or the account unknown.
    """
    if not EMAIL.fullmatch(email.strip()):
        sys.stderr.write(f"alir: {email} is no e-mail address.\n")
        return WRONG_USAGE
    if role not in ROLES:
        sys.stderr.write(f"alir: the role is one of {', '.join(ROLES)}, not {role}.\n")
        return WRONG_USAGE
    from sqlalchemy import select

    from services.accounts import service as accounts
    from services.accounts.models import Tenant
    from services.kit.security import Passwords

    settings = Settings()
    hashed = Passwords().hash(password)
    with opened(settings) as app, told(settings), app.database.session() as session:
        now = app.clock.now()
        if tenant_id is None:
            account = accounts.create_tenant(session, business, now)
        else:
            found = session.scalar(select(Tenant).where(Tenant.id == tenant_id))
            if found is None:
                raise NotFound(
                    f"There is no account {tenant_id}.", hint="Leave --tenant out for a new one."
                )
            account = found
        person = accounts.create_user(session, account.id, email, hashed, now, role=role)
        said = f"{person.email} may sign in as {role} of account {account.id} ({account.name}).\n"
    sys.stdout.write(said)
    return OK
