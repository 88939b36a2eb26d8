"""Larkfield & Co., the bundled shop: a whole site, deterministic from a seed, for the demo and the tests to crawl.

Everything a page shows follows from the seed, so what a crawl ought to find is known beforehand and rows can be
compared with it. Prices on the deals page move from visit to visit; where they jump is known too.
"""
