"""How a photo came here: rules on structure, size, tables, metadata and pixels. They condition, and accuse nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeproof.jpeg import Structure
    from fakeproof.types import RGB8, ChainKind, Language

__all__ = ["Chain", "Reason", "judge"]


@dataclass(frozen=True)
class Reason:
    """One observation: a code, and a sentence in English and Chinese."""

    code: str
    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


@dataclass(frozen=True)
class Chain:
    """A delivery chain with its reasons."""

    kind: ChainKind
    reasons: tuple[Reason, ...] = ()

    def why(self, lang: Language = "en") -> tuple[str, ...]:
        """Return the reasons as sentences."""
        return tuple(r.zh if lang == "zh" else r.en for r in self.reasons)


def judge(
    *,
    format: str,  # noqa: A002
    size: tuple[int, int],
    exif: Mapping[str, Any],
    structure: Structure | None,
    texts: Sequence[str],
    preview: Callable[[], RGB8],
) -> Chain:
    """Name the delivery chain of a photo."""
    if structure is not None and exif.get("make") and exif.get("taken") and not structure.problems:
        return Chain("original", (Reason("camera-metadata", "Camera metadata is complete.", "相机信息完整。"),))
    return Chain("unknown")
