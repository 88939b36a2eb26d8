"""clean-records → trends, record-marks: watches every number of every record for what is unlikely, and says so once.

`watch.py` takes a message to everything that watches: `state.py` remembers the series, which `detector/` (points and
shifts) and `daily/` judge; `datasets.py` what is remembered of a dataset (`rates.py`, `drift.py`, `rules.py`, `terms`);
`memory/` the last version of each record. `events.py` puts what was found into words.
"""
