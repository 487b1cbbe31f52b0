"""The rules quote the contract, and stand on one another without going round in a circle."""

import inspect
import pkgutil
import re
from graphlib import TopologicalSorter
from importlib import import_module

import pytest

from lazyjobs import contract
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.rules import Area, Rule

SEQUENTIAL = (
    Area.INSERT,
    Area.PAYLOAD,
    Area.TIME,
    Area.CLAIM,
    Area.FINISH,
    Area.FENCING,
    Area.LEASE,
    Area.LIST,
    Area.STATS,
    Area.ISOLATION,
    Area.ALIASING,
    Area.ERRORS,
    Area.CLOSING,
    Area.EXTEND,
    Area.BULK,
    Area.WAIT,
    Area.PRUNE,
)
RULES = [rule for rule in MANIFEST.values() if rule.area in SEQUENTIAL]


def joined(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def contract_text() -> str:
    names = [module.name for module in pkgutil.iter_modules(contract.__path__)]
    sources = [inspect.getsource(import_module(f"{contract.__name__}.{name}")) for name in names]
    return joined(" ".join([inspect.getsource(contract), *sources]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_quotes_the_contract(rule: Rule, contract_text: str) -> None:
    missing = [part for part in rule.text.split("…") if joined(part).strip() not in contract_text]
    assert not missing


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_title_is_one_sentence_without_a_full_stop(rule: Rule) -> None:
    assert not rule.title.endswith(".")
    assert rule.title[0].islower() or rule.title.startswith("ClaimLostError")


def test_no_rule_needs_itself_by_way_of_others() -> None:
    TopologicalSorter({id: rule.needs for id, rule in MANIFEST.items()}).prepare()
