"""How learned parts come to be: ``python -m benchmarks.training status`` and ``build --data DIR [NAME …]``.

One module a part, named in :data:`benchmarks.training.parts.MODULES`; each holds a ``PART``.
"""
