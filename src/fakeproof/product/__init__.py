"""Does the photo show what this shop sells: embedding, local evidence, codes."""

from fakeproof._lazy import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
del _attach


def detectors():
    """Return the records of this package's detectors, in the order in which they run."""
    from fakeproof.detector import listed

    return listed(__name__)
