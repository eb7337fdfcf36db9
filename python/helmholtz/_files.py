"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; one that is there is replaced, and never seen half written."""
    # New also where threads and hosts write the same file. Unlike mkstemp's, its mode follows the umask: other users
    # may share the directory.
    draft = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def keep(path: Path, content: bytes) -> None:
    """Write a file that then stays as it is.

    Raises
    ------
    FileExistsError
        If it is there with another content.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    elif path.read_bytes() != content:
        raise FileExistsError(f"{path}: holds the patterns or rows of another sweep")
