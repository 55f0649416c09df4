"""Subjects cut out of a source and put on another photo: found, outlined, and told from other photos of one product."""

from __future__ import annotations

from benchmarks.frame import Options, Table
from benchmarks.sections.web import cut_outs, products


def run(options: Options) -> list[Table]:
    """Made cut-outs through chains, and the counter-set that must not be taken for them."""
    return [cut_outs(options), products(options)]
