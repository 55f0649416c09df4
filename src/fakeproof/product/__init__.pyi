import fakeproof.detector as _records

from .codes import codes as codes
from .compare import compare as compare
from .references import ProductReferences as ProductReferences
from .references import prepare as prepare

def detectors() -> tuple[_records.Detector, ...]: ...
