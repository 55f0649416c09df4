"""Image forensics for after-sales photos: load a photo, gather findings, weigh them, hand over the exhibit."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fakeproof._lazy import attach as _attach
from fakeproof._maker import bind as _bind
from fakeproof._version import __version__ as __version__

if _TYPE_CHECKING:
    from fakeproof.verdict import Maker as _Maker


def _maker() -> "_Maker":
    """Give a verdict's methods the room above it that makes exhibits, pages and dossiers."""
    from fakeproof.exhibits import handover

    return handover


_bind(_maker)
__getattr__, __dir__, __all__ = _attach(__name__, __file__)
del _attach, _bind, _TYPE_CHECKING
