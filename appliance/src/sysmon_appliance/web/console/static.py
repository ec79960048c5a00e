"""The console's files, as Vite builds them, held in memory: they are few and small, and no request touches disk."""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.web.authorisation import bind

BUILT = Path(__file__).parent.parent / "static"

_FOR_EVER = "public, max-age=31536000, immutable"
_COMPRESSED_FROM = 1024
_TEXTS = ("text/", "application/json", "image/svg")

_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>SysMonitor: the console is not built</title></head>
<body>
<h1>The console is not built yet</h1>
<p>In SysMonitor's folder, <code>make console</code> builds it; then start the aggregator again.</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    compressed: bytes  # empty where it does not pay
    media_type: str


def load(folder: Path) -> dict[str, StaticFile]:
    """Read a folder of built files; keys are their paths below it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _read(path) for path in files}


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    pays = len(body) >= _COMPRESSED_FROM and media_type.startswith(_TEXTS)
    return StaticFile(body, gzip.compress(body, mtime=0) if pays else b"", media_type)


def routes(files: Mapping[str, StaticFile]) -> list[Route]:
    """Serve files whose names carry a hash for ever, and the page itself under every path that is a page's."""

    async def asset(request: Request) -> Response:
        found = files.get(f"assets/{request.path_params['name']}")
        if found is None:
            raise NotFoundError("There is no such file.", hint="make console")
        return _response(found, request, _FOR_EVER)

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        if path.startswith("api/"):
            raise NotFoundError(f"There is no route /{path[:100]}.", hint="docs/reference/http-api.md")
        found = files.get(path) or files.get("index.html")
        if found is None:
            return HTMLResponse(_NOT_BUILT, status_code=503, headers={"cache-control": "no-store"})
        return _response(found, request, "no-cache")

    return [bind("GET", "/assets/{name}", asset), bind("GET", "/{path:path}", page)]


def _response(file: StaticFile, request: Request, caching: str) -> Response:
    headers = {"cache-control": caching, "vary": "accept-encoding"}
    if file.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, media_type=file.media_type, headers=headers | {"content-encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=headers)
