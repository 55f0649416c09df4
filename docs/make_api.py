"""Writes api.md from the packages' stubs, so that nothing public is missing: python docs/make_api.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import fakeproof as fp

PAGE = Path(__file__).parent / "api.md"
SECTIONS = {
    "analysis": "The main path",
    "batch": "The main path",
    "photo": "What goes in",
    "order": "What goes in",
    "web": "What goes in",
    "findings": "What comes out",
    "verdict": "What comes out",
    "evidence": "What comes out",
    "exhibit": "What comes out",
    "types": "What comes out",
    "detector": "Detectors of your own",
    "errors": "Errors",
}
"""The section of what each module gives to ``fakeproof`` itself."""
ELSE = "And further"
ROOMS = {
    "edited": "Was it edited",
    "web": "Was it taken from elsewhere",
    "product": "Is it this shop's product",
    "metadata": "What the file says",
    "evidence": "Weighing",
    "evidence.metrics": "Weighing",
    "evidence.pixels": "Weighing",
    "plots": "Plots",
    "dask": "Many machines",
}


def sections() -> dict[str, list[str]]:
    """Return the names under each heading, in the stubs' order."""
    out: dict[str, list[str]] = {title: [] for title in (*dict.fromkeys(SECTIONS.values()), *ROOMS.values())}
    for name in fp.__dict__["_exported"]:
        value = getattr(fp, name)
        if not isinstance(value, ModuleType):
            out.setdefault(SECTIONS.get(value.__module__.split(".")[1], ELSE), []).append(name)
    for room, title in ROOMS.items():
        module = import_module(f"fakeproof.{room}")
        names = module.__dict__.get("_exported") or module.__all__
        named = [n for n in names if callable(getattr(module, n)) and not hasattr(fp, n)]
        out[title] += [f"{room}.{n}" for n in named]
    order = [t for t in out if t != "Errors"]
    return {title: out[title] for title in (*order, "Errors")}


def page() -> str:
    """Return the page."""
    parts = ["# API reference", "", "Everything below is reached as `import fakeproof as fp`.", ""]
    parts += ["```{eval-rst}", ".. currentmodule:: fakeproof"]
    for title, names in sections().items():
        plain = [n for n in names if n != "Category"]
        parts += ["", title, "-" * len(title), "", ".. autosummary::", "   :toctree: api/generated", ""]
        parts += [f"   {name}" for name in plain]
        if len(plain) < len(names):
            parts += ["", ".. autoclass:: Category", "   :members: label"]
    return "\n".join([*parts, "```"]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
