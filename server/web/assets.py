"""The page's own files, kept in memory and served below one address that changes with any of them, so that browsers may keep them."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Request, Response

from server.web.joining import entries, joined

FOLDER: Final = Path(__file__).parent / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"
JOINED: Final = "pages/"
"""Where a page's script is found with all that it imports in one file."""
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `packed`: the same in gzip, None where that is no smaller."""

    body: bytes
    packed: bytes | None
    media_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by name, and the digest of them all that stands in their addresses: relative imports between modules just work."""

    files: Mapping[str, Asset]
    digest: str

    @classmethod
    def read(cls, folder: Path) -> "Assets":
        """The files of a folder, and below `JOINED` each script that no other imports, with all that it imports.

        Raises KeyError for a kind of file that has no entry in TYPES, ValueError for scripts that cannot be joined.
        """
        sources = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        modules = {name: body.decode() for name, body in sources.items() if name.endswith(".js")}
        sources |= {JOINED + name: joined(modules, name).encode() for name in entries(modules)}
        files = {name: _asset(Path(name).suffix, body) for name, body in sources.items()}
        every = "\n".join(f"{name} {asset.digest}" for name, asset in files.items())
        return cls(files, _digest(every.encode()))

    def url(self, name: str) -> str:
        """Where a file is served. Raises KeyError for a name that is not there."""
        if name not in self.files:
            raise KeyError(name)
        return f"/static/{self.digest}/{name}"

    def answer(self, request: Request, digest: str, name: str) -> Response:
        """The file, 304 when the browser has it, or 404."""
        asset = self.files.get(name) if digest == self.digest else None
        if asset is None:
            return Response(status_code=404, headers={"Cache-Control": "no-store"})
        packed = asset.packed if accepts_gzip(request.headers.get("accept-encoding", "")) else None
        etag = f'"{asset.digest}{"-gz" if packed else ""}"'
        headers = {"Cache-Control": FOR_EVER, "ETag": etag, "Vary": "Accept-Encoding"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if packed is None:
            return Response(asset.body, media_type=asset.media_type, headers=headers)
        return Response(packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})


@cache
def assets() -> Assets:
    """The files of this package, read and packed once."""
    return Assets.read(FOLDER)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether a browser takes gzip: named, and not with a weight of nothing."""
    for item in accept_encoding.lower().split(","):
        coding, _, quality = item.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _asset(suffix: str, body: bytes) -> Asset:
    packed = gzip.compress(body, 9, mtime=0)
    return Asset(body, packed if len(packed) < len(body) else None, TYPES[suffix], _digest(body))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
