"""Version 2 of the interface: answers in a frame."""
