"""clean-records → trends: watches every number of every record for what is unlikely, and says so once.

`state.py` remembers a partition, `detector/` judges, `events.py` puts an alarm into words.
"""
