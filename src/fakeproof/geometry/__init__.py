"""Keypoints, robust fitting and warps, shared by web, product and copy_move."""

from fakeproof._lazy import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
del _attach
