"""Which term a block under `payoffs:` is: the key that is the name of a kind decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from sim.scenario.names import listed, nearest, shown
from sim.scenario.numbers import fault
from sim.scenario.terms import (
    Concession,
    Deterrence,
    Exponential,
    Interaction,
    Linear,
    Logistic,
    Market,
    Parity,
    Piecewise,
    Power,
    Precedent,
    Presence,
    QuadraticLoss,
    Term,
    Transfer,
)
from sim.scenario.world import GeneralEquilibrium

__all__ = ["KINDS", "AnyTerm", "kinds_in"]

KINDS: dict[str, type[Term]] = {
    model.kind: model
    for model in (
        Market,
        GeneralEquilibrium,
        Deterrence,
        Presence,
        Transfer,
        Concession,
        Precedent,
        Linear,
        Power,
        Exponential,
        QuadraticLoss,
        Logistic,
        Piecewise,
        Interaction,
    )
}
"""Kinds of payoff terms; a precedent of two issues is `Parity`."""


def kinds_in(block: object) -> tuple[str, ...]:
    """Return the kinds that a block of a file names, normally one."""
    return tuple(k for k in block if k in KINDS) if isinstance(block, Mapping) else ()


def _pick(value: Any, handler: ValidatorFunctionWrapHandler) -> Term:
    if isinstance(value, Term):
        return value
    if not isinstance(value, Mapping):
        raise fault(f"must be a mapping that starts with its kind, not {shown(value)}")
    kinds = kinds_in(value)
    if not kinds:
        near = next((nearest(key, KINDS) for key in value if nearest(key, KINDS)), "")
        raise fault(f"has no kind{near}; one of its keys must be {listed(KINDS, most=20)}")
    if len(kinds) > 1:
        raise fault(f"has {len(kinds)} kinds, {listed(kinds)}; one term is of one kind", kinds[1])
    model = KINDS[kinds[0]]
    if model is Precedent and (isinstance(value["precedent"], list | tuple) or "parity" in value):
        model = Parity
    return model.model_validate(value)


AnyTerm = Annotated[
    Market
    | GeneralEquilibrium
    | Deterrence
    | Presence
    | Transfer
    | Concession
    | Precedent
    | Parity
    | Linear
    | Power
    | Exponential
    | QuadraticLoss
    | Logistic
    | Piecewise
    | Interaction,
    WrapValidator(_pick),
]
"""Any payoff term."""
