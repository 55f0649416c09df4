"""Was the photo taken from elsewhere: hashes, index, verification, watermarks."""

from fakeproof._lazy import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
del _attach


def detectors():
    """Return the records of this package's detectors, in the order in which they run."""
    from fakeproof.detector import listed

    return listed(__name__)
