from .scorer import CategoryScore as CategoryScore
from .scorer import Contribution as Contribution
from .scorer import Scorer as Scorer
