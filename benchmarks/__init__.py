"""Measurements of fakeproof: python -m benchmarks SECTION --data DIR."""
