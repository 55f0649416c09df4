"""The version, for what is written into files; as in pyproject.toml."""

__version__ = "0.1.0"
