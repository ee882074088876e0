"""The examples in the docstrings of the games run and say what they say."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import sim.games

MODULES = sorted(each.name for each in pkgutil.walk_packages(sim.games.__path__, "sim.games."))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
