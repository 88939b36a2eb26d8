"""`make bench`: every figure that Trawl promises, measured on this machine against the real system, beside a baseline.

Nothing here judges: it prints the machine, the figure, what was promised, and something that was measured in the
same minute by other means, because machines are noisy and ratios are not.
"""
