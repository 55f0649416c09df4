"""Photos of a screen or of a print, rather than of the thing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fakeproof.detector import detector
from fakeproof.findings import Finding, Flag, NotApplicable, Region
from fakeproof.types import Category
from fakeproof.web.recapture_model import Look, look_at, weights
from fakeproof.web.recapture_screen import Screen, find_screen
from fakeproof.web.recapture_spectrum import BANDS, TILE, peaks_of, strongest
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.order import Order
    from fakeproof.photo import Photo
    from fakeproof.web.recapture_spectrum import Peak

__all__ = ["recapture"]

SMALL_SIDE = 600
"""Longer side, px, below which the result is flagged: a reduction to this size wipes most grids."""
PEAK = 6.0
"""Natural log of power over its ring from which a place of the spectrum is listed and circled; fences have such, too."""
GRID = 7.8
"""The same, reached in the luma of a fifth of all tiles, from which it is called a grid: 1 of 100 untouched photos has
that, and 15 of 100 screens (training photos)."""
Kind = Literal["screen", "print", "cannot_tell", "none"]


@detector(version=1, category=Category.WEB_IMAGE, least_side=TILE, weighed="assigned", cost_ms=150)
def recapture(photo: Photo, /, *, order: Order | None = None) -> Finding | NotApplicable:
    """Tell a photo of a screen or of a print from a photo of the thing.

    Measured are the spectra of small tiles in luma and both colour differences, at two sizes (a screen's pixels, their
    moiré and the dots of a print stand out of them, and stand elsewhere at half the size); texture, black level, gamut,
    fall-off, focus, long edges along the borders, ripples of rows; and features of a general network of the whole and
    of four places at the photo's own scale. A linear part and boosted trees weigh them; both were fitted on photos of
    people other than those that measured them.

    Parameters
    ----------
    photo : Photo
        The questioned photo.
    order : Order, optional
        Where its `product_is_screen` is set, a screen in the photo is what was to be expected: the finding informs.

    Returns
    -------
    Finding
        The score is the natural log of the odds of a recapture, at equal numbers of both; about -8 to 8. It supports
        `Category.WEB_IMAGE` above a threshold that at most 1 of 100 untouched photos exceeded. ``facts["kind"]`` is
        ``screen``, ``print``, ``cannot_tell`` (one of both), or ``none``; ``regions`` outline the screen or sheet where at
        least two of its sides show; ``facts["peaks"]`` are cycles per pixel across and down, and natural log of power over
        what is usual at that frequency, of the tile at ``facts["tile"]`` (left, top, side, in photo pixels);
        ``pictures["spectrum"]`` shows that tile and its spectrum, peaks circled, where it is a recapture.
        ``facts["grid"]`` tells whether peaks stand out all over the photo.
    NotApplicable
        If the shorter side is below 128 px.

    Notes
    -----
    It sees little in photos that were reduced to a few hundred pixels, in prints of high quality, and in screens that
    fill the photo sharply without moiré. Buyers photograph screens honestly: a chat, a bill, a broken monitor. So it is
    weighed as moderate evidence, which never decides alone.

    References
    ----------
    Cao and Kot, "Identification of recaptured photographs on LCD screens", ICASSP 2010,
    doi:10.1109/ICASSP.2010.5495419. Thongkamwitoon, Muammar and Dragotti, "An image recapture detection algorithm based
    on learning dictionaries of edge profiles", IEEE TIFS 2015, doi:10.1109/TIFS.2015.2392566.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> fp.web.recapture(fp.Photo.from_array(skimage.data.chelsea())).facts["kind"]
    'none'
    """
    look, fitted = photo.cached("web.recapture", lambda: look_at(photo.rgb)), weights()
    row = fitted.row(look)
    score = fitted.score(row)
    recaptured = score >= fitted.values["cut"]
    kind = _kind(fitted.print_score(row), fitted.values["print"]) if recaptured else "none"
    screen = find_screen(photo.rgb) if recaptured else None
    expected = order is not None and order.product_is_screen and kind != "print"
    plane, tile = strongest(look.spectra)
    peaks = peaks_of(look.spectra[plane].excess[tile], least=PEAK)
    grid = max(look.cues[f"Y_peak_most{band}"] for band in range(1, len(BANDS))) >= GRID
    return Finding(
        score=score,
        supports=Category.WEB_IMAGE if recaptured and not expected else None,
        sentence=_sentence(kind, expected, screen, grid),
        regions=_regions(screen, score),
        facts={
            "kind": kind,
            "cut": fitted.values["cut"],
            "sides": screen.sides if screen else 0,
            "grid": grid,
            "plane": plane,
            "tile": _tile(photo, look, plane, tile),
            "peaks": [
                {"across": round(p.across, 4), "down": round(p.down, 4), "height": round(p.height, 2)} for p in peaks
            ],
        },
        flags=Flag.SMALL if max(photo.size) < SMALL_SIDE else Flag.NONE,
        pictures={"spectrum": _picture(photo, look, (plane, tile), peaks)} if recaptured else {},
    )


def _kind(score: float, cuts: Any) -> Kind:
    """Name what was photographed, or that it cannot be told."""
    if score >= cuts["above"]:
        return "print"
    return "screen" if score <= cuts["below"] else "cannot_tell"


def _sentence(kind: Kind, expected: bool, screen: Screen | None, grid: bool) -> Phrase:
    if kind == "none":
        return phrase("recapture.none")
    signs = [phrase("recapture.sign_grid")] if grid else []
    signs += [phrase("recapture.sign_sides", count=screen.sides)] if screen else []
    said = phrase(f"recapture.{kind}", signs=signs or [phrase("recapture.sign_all")])
    return phrase("recapture.expected", said=said) if expected else said


def _regions(screen: Screen | None, score: float) -> tuple[Region, ...]:
    import cv2

    if screen is None:
        return ()
    area = round(float(cv2.contourArea(screen.corners)))
    return (Region(polygon=screen.corners, area=area, label="1", score=score, role="matched", traces=("recapture",)),)


def _tile(photo: Photo, look: Look, plane: str, tile: int) -> list[int]:
    """Return left, top and side of a tile in photo pixels."""
    scale = photo.size[0] / look.shown[0]
    top, left = look.spectra[plane].corners[tile]
    return [round(left * scale), round(top * scale), round(TILE * scale)]


ENLARGED = 3
"""Times that the tile and its spectrum are enlarged in the picture."""
RANGE = 8.0
"""Natural log of power over its ring that is drawn white."""


def _picture(photo: Photo, look: Look, strongest_tile: tuple[str, int], peaks: tuple[Peak, ...]) -> Any:
    """Draw the tile, and its spectrum with frequency 0 in the middle."""
    import cv2
    import numpy as np

    plane, tile = strongest_tile
    left, top, side = _tile(photo, look, plane, tile)
    size = ENLARGED * TILE
    shown = cv2.resize(photo.rgb[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_NEAREST)
    half = np.fft.fftshift(look.spectra[plane].excess[tile], axes=0)[:, : TILE // 2]
    mirrored = np.roll(half[::-1, ::-1], 1, axis=0)
    whole = np.concatenate([mirrored, half], axis=1)
    grey = np.clip(whole / RANGE * 255, 0, 255).astype(np.uint8)
    spectrum = cv2.cvtColor(cv2.resize(grey, (size, size), interpolation=cv2.INTER_NEAREST), cv2.COLOR_GRAY2RGB)
    for peak in peaks:
        for sign in (1, -1):
            centre = [round((0.5 + sign * f) * size) for f in (peak.across, peak.down)]
            cv2.circle(spectrum, centre, 4 * ENLARGED, (230, 60, 60), 2, cv2.LINE_AA)
    return np.concatenate([shown, np.full((size, 8, 3), 255, np.uint8), spectrum], axis=1)
