"""Exhibits: pictures, captions, the report page, the dossier; made of a verdict, which knows nothing of them."""
