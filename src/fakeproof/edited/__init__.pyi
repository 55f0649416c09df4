import fakeproof.detector as _records

from .marks.annotations import annotations as annotations
from .saves.ela import ela as ela
from .saves.jpeg_ghosts import jpeg_ghosts as jpeg_ghosts
from .saves.double_jpeg import double_jpeg as double_jpeg
from .saves.jpeg_grid import jpeg_grid as jpeg_grid
from .noise import noise as noise
from .resampling import resampling as resampling
from .consistency import consistency as consistency
from .clones.copy_move import copy_move as copy_move
from .against_source.source_difference import source_difference as source_difference
from .localize import localize as localize

def detectors() -> tuple[_records.Detector, ...]: ...
