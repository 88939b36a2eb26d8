"""What every test has: engines that start once a session when a test first asks, and unhurried hypothesis."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines"]

# Two shared cores: how long one example takes says nothing about the code under test.
settings.register_profile("trawl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trawl")
