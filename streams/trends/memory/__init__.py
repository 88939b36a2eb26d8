"""What a record is compared with: its key's last version, and long texts like its own.

`versions.py` keeps the last version of each record key, `likeness.py` says how alike two texts are, `runs.py` knows
which run is which, `marks.py` puts it together: what a message's records are marked with.
"""
