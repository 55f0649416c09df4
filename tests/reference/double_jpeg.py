"""Plain twins of fakeproof._kernels.double_jpeg."""

from math import erf, sqrt

import numpy as np

from tests.reference.dct import blocks as block_dct


def _normal(limit, centre, spread):
    return 0.5 * (1 + erf((limit - centre) / (spread * sqrt(2))))


def value_counts(blocks, frequencies, reach):
    return np.array(
        [
            np.bincount(np.clip(blocks[:, :, v, h], -reach, reach).ravel() + reach, minlength=2 * reach + 1)
            for v, h in frequencies
        ]
    )


def magnitudes(plane, origins, frequencies, edges, stride):
    out = np.zeros((len(frequencies), len(edges) - 1), int)
    for origin in origins:
        found = np.abs(block_dct(plane, *origin, stride))
        for f, (v, h) in enumerate(frequencies):
            out[f] += np.histogram(found[:, :, v, h], edges)[0]
    return out


def requantised_masses(density, last, firsts, noise, reach):
    """Chance of each quantised magnitude; the mass is carried on both signs and folded at the end."""
    out = np.zeros((len(firsts), reach + 1))
    for m, first in enumerate(firsts):
        for u, mass in enumerate(density):
            if first == 0:
                targets = [(u, 1.0, 0.5)]
            else:
                # the bin u - 1/2 .. u + 1/2 may straddle the border of two first steps
                low = max(u - 0.5, 0)
                border = (np.floor(low / first + 0.5) + 0.5) * first
                below = int(np.floor(low / first + 0.5)) * first
                share = np.clip(border - max(u - 0.5, -border), 0, 1)
                targets = [(below, share, noise), (below + first, 1 - share, noise)]
            for centre, share, spread in targets:
                for x in range(reach + 1):
                    inside = _normal((x + 0.5) * last, centre, spread) - _normal((x - 0.5) * last, centre, spread)
                    if x > 0 and centre == 0:
                        inside *= 2
                    out[m, x] += mass * share * inside
    return out


def block_ratio(blocks, frequencies, tables):
    out = np.zeros(blocks.shape[:2])
    for f, (v, h) in enumerate(frequencies):
        out += tables[f][np.minimum(np.abs(blocks[:, :, v, h].astype(int)), tables.shape[1] - 1)]
    return out


def phase_sums(values, steps):
    telling = [np.abs(values) >= q / 2 for q in steps]
    return np.array([[np.cos(2 * np.pi * values[t] / q).sum(), t.sum()] for q, t in zip(steps, telling, strict=True)])


def wrapped_ratio(plane, origin, frequencies, steps, tables):
    found = block_dct(plane, *origin, 8)
    out = np.zeros(found.shape[:2])
    for f, (v, h) in enumerate(frequencies):
        ratio = np.abs(found[:, :, v, h]) / steps[f]
        rest = np.abs(ratio - np.floor(ratio + 0.5))
        place = np.minimum((rest * 2 * tables.shape[1]).astype(int), tables.shape[1] - 1)
        out += np.where(ratio >= 0.5, tables[f][place], 0)
    return out
