from .exhibit import Exhibit as Exhibit
