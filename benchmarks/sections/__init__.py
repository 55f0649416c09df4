"""What is measured: one module a section of docs/benchmarks.md, each with ``run(options)``."""
