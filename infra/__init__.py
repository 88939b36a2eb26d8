"""Adapters only: each driver is imported by its own folder and nowhere else."""
