"""The documents, one a module; `documents.py` says which path shows which."""
