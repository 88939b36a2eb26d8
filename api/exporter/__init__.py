"""Makes files of runs: a process of its own, so that a large export keeps no request waiting."""
