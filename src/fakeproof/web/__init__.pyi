import fakeproof.detector as _records

from .recapture import recapture as recapture
from .watermarks import watermarks as watermarks
from .match_sources import match_sources as match_sources
from .hashes import PerceptualHash as PerceptualHash
from .hashes import dihedral_hashes as dihedral_hashes
from .hashes import perceptual_hash as perceptual_hash
from .index import SourceIndex as SourceIndex
from .kit import search_crops as search_crops
from .kit import search_kit as search_kit

def detectors() -> tuple[_records.Detector, ...]: ...
