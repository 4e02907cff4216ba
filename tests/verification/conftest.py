"""Property tests of the laws: the same examples in every run, and no clock (the machine may be busy)."""

from hypothesis import HealthCheck, settings

settings.register_profile("verification", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("verification")
