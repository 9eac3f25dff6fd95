"""The `alir` command. Every part is loaded only when it is asked for."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    help="Alir: flow-based WhatsApp marketing on your own server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
flow_commands = typer.Typer(
    help="Check, format, test and try flow documents.", no_args_is_help=True
)
contact_commands = typer.Typer(help="Contacts.", no_args_is_help=True)
user_commands = typer.Typer(help="People who may sign in.", no_args_is_help=True)
app.add_typer(flow_commands, name="flow")
app.add_typer(contact_commands, name="contacts")
app.add_typer(user_commands, name="user")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]


def main() -> None:
    """Run the command; a mistake a person can mend is one message, never a stack trace."""
    from services.kit.errors import ProductError

    try:
        app(standalone_mode=False)
    except ProductError as error:
        _fail(error.message, error.hint, 1)
    except typer.Exit as left:
        sys.exit(left.exit_code)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        _click_error(error)


def _click_error(error: Exception) -> NoReturn:
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    sys.exit(2)


def _fail(message: str, hint: str, code: int) -> NoReturn:
    typer.echo(f"alir: {message}" + (f"\n      {hint}" if hint else ""), err=True)
    sys.exit(code)


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Where the API listens.")] = 8000,
    sandbox_port: Annotated[int, typer.Option(help="Where the WhatsApp simulator listens.")] = 3000,
    ocr_port: Annotated[int, typer.Option(help="Where the reader of images listens.")] = 5000,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=16, help="1 with SQLite, else 2, unless told.", show_default=False),
    ] = None,
) -> None:
    """Start everything and run until Ctrl-C."""
    from runtime.cli.up import run

    sys.exit(run(port, sandbox_port, ocr_port, workers))


@app.command()
def demo(
    as_json: AsJson = False,
    contacts: Annotated[Path | None, typer.Option(help="Another file of contacts.")] = None,
    kill: Annotated[bool, typer.Option(help="Kill a worker at half-way.")] = True,
) -> None:
    """Send a broadcast to 500 people through the simulator, kill a worker on the way, and count."""
    from runtime.demo.run import run

    sys.exit(run(as_json=as_json, contacts=contacts, kill=kill))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is missing or misconfigured, and how to mend it."""
    from runtime.cli.doctor import run

    sys.exit(run(as_json))


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this version."""
    from runtime.cli.database import opened, told
    from runtime.migrate import migrate as upgrade
    from services.kit.config import Settings

    settings = Settings()
    with opened(settings, migrated=False) as installation, told(settings):
        before, after = upgrade(installation.database)
    typer.echo(f"database: {before or 'empty'} -> {after}")


@app.command()
def seed() -> None:
    """Make the demo business: a login, three paired simulator devices, contacts, a flow."""
    from runtime.demo.seed import run

    sys.exit(run())


@flow_commands.command("check")
def flow_check(files: list[Path], as_json: AsJson = False) -> None:
    """Print every problem with its line and column; exit code 1 when there is an error."""
    from runtime.cli.flow_check import check_file

    sys.exit(max(check_file(file, as_json) for file in files))


@flow_commands.command("fmt")
def flow_fmt(
    files: list[Path],
    check: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
) -> None:
    """Spell documents the way Alir does; comments stay."""
    from runtime.cli.flow_check import format_file

    sys.exit(max(format_file(file, not check) for file in files))


@flow_commands.command("test")
def flow_test(files: list[Path], as_json: AsJson = False) -> None:
    """Run the test cases of documents on a virtual clock."""
    from runtime.cli.flow_run import flow_test as test

    sys.exit(max(test(file, as_json=as_json) for file in files))


@app.command("simulate")
@flow_commands.command("run")
def flow_run(
    file: Path,
    contacts: Annotated[Path | None, typer.Option(help="A CSV or JSON file of contacts.")] = None,
    event: Annotated[str | None, typer.Option(help="The event, as JSON.")] = None,
    params: Annotated[str | None, typer.Option(help="Parameters, as JSON.")] = None,
    trigger: Annotated[str | None, typer.Option(help="Which trigger; else the first.")] = None,
    seed: Annotated[str, typer.Option(help="Same seed, same texts.")] = "alir",
    as_json: AsJson = False,
) -> None:
    """Try a document: what would be sent, when and from which device. Nothing is sent."""
    from runtime.cli.flow_run import flow_run as run

    sys.exit(
        run(
            file,
            contacts=contacts,
            event=event,
            params=params,
            trigger=trigger,
            seed=seed,
            as_json=as_json,
        )
    )


@contact_commands.command("import")
def contacts_import(
    file: Path,
    tenant: Annotated[int, typer.Option(help="The account's number.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Take the contacts of a CSV, Excel or text file; every row is accounted for."""
    from runtime.cli.contacts import import_contacts

    sys.exit(import_contacts(file, tenant, as_json))


@user_commands.command("create")
def user_create(
    email: str,
    tenant: Annotated[int | None, typer.Option(help="An account; else a new one.")] = None,
    name: Annotated[
        str, typer.Option(help="The business's name, for a new account.")
    ] = "Toko saya",
    role: Annotated[str, typer.Option(help="admin, user or agent")] = "user",
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)
    ] = "",
) -> None:
    """Make a person who may sign in, and a business for them when none is named."""
    from runtime.cli.users import create

    sys.exit(create(email, password, tenant, name, role))


@app.command()
def ocr(file: Path, as_json: AsJson = False) -> None:
    """Print the text of an image or a PDF."""
    from runtime.cli.ocr import read

    sys.exit(read(file, as_json))


@app.command()
def bench(as_json: AsJson = False) -> None:
    """Measure this machine (source tree only)."""
    from runtime.cli.bench import run

    sys.exit(run(as_json))
