"""How learned parts come to be."""
