"""What moves by the day: levels that changed and slow trends, from the median of each day.

`ring.py` keeps the days of every series, `changepoints.py` and `slopes.py` judge them: pure functions over arrays.
"""
