"""Child processes that read pages, so that a page can be ended.

pool → nursery (a process that has everything loaded and only forks) → children, each of which reads one page at a time.
A child that takes too long is killed; another is there within milliseconds, since nothing needs to be imported again.
Neither nursery nor children hold a connection to anything, and none of them outlives the process that began it.
"""
