"""Settings of all tests."""

from hypothesis import settings

# How long an example takes says nothing about the law that it tests, and much about the machine.
settings.register_profile("linkage-sim", deadline=None)
# Where runs must not depend on luck, the environment variable CI fixes the examples.
settings.register_profile("ci", deadline=None, derandomize=True, database=None)


def pytest_configure() -> None:
    """Load the profile before any test module is imported."""
    import os

    settings.load_profile("ci" if os.environ.get("CI") else "linkage-sim")
