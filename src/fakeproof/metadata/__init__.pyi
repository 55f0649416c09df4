import fakeproof.detector as _records

from .ai_labels import ai_labels as ai_labels
from .software import software as software
from .platforms import platforms as platforms
from .rights import rights as rights
from .exif import exif as exif
from .structure import structure as structure
from .order_context import order_context as order_context
from .checks import check as check
from .order_context import Tolerances as Tolerances
from .order_context import identity as identity
from .rules import DETECTORS as DETECTORS
from .rules import STRENGTHS as STRENGTHS
from .rules import Marker as Marker
from .rules import Rule as Rule
from .rules import RuleSet as RuleSet
from .rules import load_rules as load_rules

def detectors() -> tuple[_records.Detector, ...]: ...
