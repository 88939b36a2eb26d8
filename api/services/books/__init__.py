"""The books interface: a ready-made job, the catalogue that comes of it, and models over it."""
