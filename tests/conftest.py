"""What holds for all tests."""

from hypothesis import settings

# Machines are shared and noisy: a slow example is no failure; pytest's own timeout is the limit.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
