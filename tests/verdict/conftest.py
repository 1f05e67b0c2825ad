"""Properties of the verdict are of numbers, not of how busy the machine is."""

from hypothesis import settings

settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")
