"""Numba kernels: arrays in, arrays out. Nothing here knows what a photo is."""
