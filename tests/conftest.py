"""What holds for every test."""

from hypothesis import settings

# A machine that others use may make any one example late. A property that is too slow meets the limit of its test.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
