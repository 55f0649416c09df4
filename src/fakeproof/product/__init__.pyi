from .codes import codes as codes
from .compare import compare as compare
