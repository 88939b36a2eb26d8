"""Version 1: plain bodies."""
