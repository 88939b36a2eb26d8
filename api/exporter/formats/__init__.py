"""One format a file: each writes records as they come and holds none of them."""
