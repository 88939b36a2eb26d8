"""One folder per arrow of the data's way; each folder's docstring says "topic → topic"."""
