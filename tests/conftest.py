"""Settings of all tests."""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

# How long an example takes says nothing about the law that it tests, and much about the machine.
settings.register_profile("explore", deadline=None)
# The same examples everywhere: whether the tests pass must not depend on luck.
settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
# A mutant is dead after its first counterexample; nobody reads the smallest one.
settings.register_profile(
    "mutants", settings.get_profile("repeat"), phases=(Phase.explicit, Phase.generate)
)


def pytest_configure() -> None:
    """Load the profile before any test module is imported; EXPLORE=1 looks for new examples."""
    import os

    # Many tests start Python again: what one process has compiled, the others need not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if "MUTANT_UNDER_TEST" in os.environ:
        settings.load_profile("mutants")
    else:
        settings.load_profile("explore" if os.environ.get("EXPLORE") else "repeat")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keep the tests of a file on one worker: what they share is then made once.

    Whole pages and notebooks share nothing and take long: one by one they fill the end of the run,
    where a file of them would leave the other workers waiting.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return nodeid if file.endswith(("test_docs.py", "test_notebooks.py")) else file

    return Scheduling(config, log) if config.getvalue("dist") == "load" else None


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Return the address of a dask scheduler with one worker on the loopback, in this process."""
    import distributed

    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        dashboard_address=None,
        host="127.0.0.1",
        protocol="tcp://",
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports with two figures, which take a second: test_report.py has all of them."""
    from sim.report import figures

    some = {name: figures._WORDS[name] for name in ("who-gains", "tornado")}
    monkeypatch.setattr(figures, "_WORDS", some)
