"""Writes the API's OpenAPI document for the dashboard's client: `export_openapi.py FILE`."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from runtime import compose
from runtime.asgi import ApiState, create_api
from services.kit.config import Settings


def document() -> dict[str, Any]:
    """The description of an API that was never started.

    Operations are named by their tag and function (`flows_list_flows`): short, and the same
    however the paths are written.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(var=Path(folder), database_url=f"sqlite:///{folder}/none.db")
        app = compose.build(settings)
        api = create_api(
            ApiState(
                settings=settings,
                clock=app.clock,
                database=app.database,
                sealer=app.sealer,
                doorbell=compose.silent_doorbell(),
                jwt_key=bytes(32),
                flows=compose.flows(),
            )
        )
        found: dict[str, Any] = api.openapi()
        app.database.close()
    for path, methods in found["paths"].items():
        for operation in methods.values():
            name = operation["operationId"].partition("_api_")[0]
            tag = (operation.get("tags") or [path.split("/")[2]])[0].replace("-", "_")
            operation["operationId"] = name if name.startswith(tag) else f"{tag}_{name}"
    return found


def main() -> int:
    Path(sys.argv[1]).write_text(json.dumps(document(), indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
