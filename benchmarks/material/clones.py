"""Photos with a cloned place, and photos without one."""

from __future__ import annotations

from benchmarks.frame import Options
from benchmarks.material.data import Row, rows

UNTOUCHED = ("authentic", "base", "original", "natural")
PIXEL_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


def cloned(options: Options) -> list[Row]:
    names = ("casia1", "cmh", "cvip")
    return [
        r for name in names for r in rows(options, need="tamper", set=name, role="tampered") if "copymove" in r.kind
    ]


def not_cloned(options: Options) -> list[Row]:
    found = [r for name in ("casia1", "cvip", "misd", "phone_paste") for r in rows(options, set=name, role="authentic")]
    for need in ("camera", "sources"):
        found += [r for r in rows(options, need=need) if r.role in UNTOUCHED]
    return [r for r in found if r.path.suffix.lower() in PIXEL_SUFFIXES]
