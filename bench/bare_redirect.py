"""The least a redirect can cost here: one Starlette route that always answers the same."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def redirect(request: Request) -> Response:
    return Response(status_code=302, headers={"location": "https://wa.me/6281200000001?text=Halo"})


if __name__ == "__main__":
    app = Starlette(routes=[Route("/link/{slug}", redirect)])
    print("bare redirect", file=sys.stderr, flush=True)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
