"""Folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["appearing"]


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a folder to fill beside the target, and move it there when everything went well.

    What stands at the target is replaced then, and kept where filling fails: whether it may be is the caller's question.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield part
        part.chmod(0o755)
        if folder.exists():
            old = part.with_name(part.name + "-old")
            folder.rename(old)
            part.rename(folder)
            shutil.rmtree(old)
        else:
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
