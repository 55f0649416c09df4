"""Bytes to records, without an opinion: containers, EXIF, XMP, IPTC, JUMBF, and whose signature a text is."""

from fakeproof._lazy import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
del _attach
