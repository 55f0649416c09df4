"""Image forensics for after-sales photos: load a photo, gather findings, weigh them, hand over the exhibit."""

from fakeproof._lazy import attach as _attach

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
del _attach
