"""The generated page is the tables' own, and every detector has its page."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from fakeproof.metadata import DETECTORS, load_rules

DOCS = Path(__file__).parents[2] / "docs"


def test_the_rules_page_is_what_its_generator_makes():
    spec = importlib.util.spec_from_file_location("make_rules", DOCS / "metadata" / "make_rules.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(load_rules()), "run docs/metadata/make_rules.py"


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_detector_has_a_page_with_its_limits(detector):
    text = (DOCS / "detectors" / f"metadata_{detector}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {detector}: ")
    for part in ("**What it sees.**", "**It sees nothing**", "**The score**", "**Limits.**", "```python"):
        assert part in text
