"""Tries a flow without sending: a virtual clock, people and devices in memory."""

from flows.simulate.cases import CaseResult, run_case, run_cases
from flows.simulate.run import SimulatedSend, Simulation, simulate
from flows.simulate.world import World

__all__ = [
    "CaseResult",
    "SimulatedSend",
    "Simulation",
    "World",
    "run_case",
    "run_cases",
    "simulate",
]
