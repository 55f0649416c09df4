"""The photo held against its matched original."""
