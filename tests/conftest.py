from hypothesis import settings

# a loaded machine must not fail a property
settings.register_profile("natrode", deadline=None)
settings.load_profile("natrode")
