"""Before a test: whether its rule applies to the backend at all, and whether it can be tried."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points, packages_distributions, version

import msgspec

from lazyjobs import Backend, ListOptions, SupportsClose
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.harness import BACKEND_ENTRY_POINTS, ENTRY_POINTS, Harness, Namespaces, destroy_leftovers
from lazyjobs_testkit.raised import describe_error
from lazyjobs_testkit.report import Subject
from lazyjobs_testkit.rules import Rule, all_needs
from lazyjobs_testkit.suite._outcomes import blocked, not_applicable
from lazyjobs_testkit.suite._trail import CAPABILITIES, observed_capabilities


class Gate:
    """Looks at a backend once, before its first test, and then says of each rule whether it is to be tried."""

    def __init__(self, harness: type[Harness]) -> None:
        self._harness = harness
        self._obstacle = ""
        self.refusal = ""
        """Why the backend's storage is left alone; "" if there is no reason to."""
        self.subject: Subject | None = None

    def admit(self, rule: Rule, broken: Mapping[str, object]) -> None:
        """Returns if the rule is to be tried; otherwise ends the test, saying why. `broken` are rules that failed.

        The first call opens the backend; what that raises is raised here, once.
        """
        if self.subject is None and not self._obstacle:
            self._look()
        if self._obstacle:
            blocked(self._obstacle)
        if failed := [need for need in all_needs(rule, MANIFEST) if need in broken]:
            blocked(f"{', '.join(failed)} failed")
        if reason := self._why_not_applicable(rule):
            not_applicable(reason)
        if rule.namespaces > 1 and self._harness.one_store:
            blocked("it takes two namespaces, and the URL has no {namespace} in it")

    def _why_not_applicable(self, rule: Rule) -> str:
        traits = self._harness.traits
        if rule.since > traits.contract:
            return f"new in contract {rule.since}; the backend was written for {traits.contract}"
        if rule.trait and not traits.declares(rule.trait):
            return f"{rule.trait} is not declared"
        if rule.capability is not None and rule.capability not in self._capabilities():
            name = next((name for name, protocol in CAPABILITIES.items() if protocol is rule.capability), "")
            return f"no {name or rule.capability.__name__}"
        if rule.hook and not hasattr(self._harness, rule.hook):
            return f"the harness offers no {rule.hook}()"
        return ""

    def _capabilities(self) -> set[type]:
        return {CAPABILITIES[name] for name in self.subject.capabilities} if self.subject else set()

    def _look(self) -> None:
        try:
            self.refusal = self._obstacle = self._open_once()
        except Exception as error:
            self._obstacle = f"the harness cannot open a namespace: {describe_error(error)}"
            raise

    def _open_once(self) -> str:
        harness = self._harness()
        if not harness.one_store:
            destroy_leftovers(self._harness, harness.destroy)
        namespaces = Namespaces(harness)
        namespace = namespaces.create()
        backend = harness.open(namespace)
        try:
            self.subject = describe_backend(self._harness, backend)
            refusal = _why_refused(backend)
        finally:
            if isinstance(backend, SupportsClose):
                backend.close()
        # What was refused is not the kit's: a harness that pays no heed to the namespace would destroy it now.
        (namespaces.forget if refusal else namespaces.destroy)(namespace)
        return refusal


def _why_refused(backend: Backend) -> str:
    # A backend that cannot list is for the rules about lists; what it holds then cannot be told.
    try:
        found = backend.list(ListOptions(limit=1))
    except Exception:
        return ""
    if not found:
        return ""
    return f"the storage already holds records, such as {found[0].id}; the kit works on empty storage of its own only"


def describe_harness(harness: type[Harness]) -> Subject:
    """What is known of a backend before it was opened."""
    traits = harness.traits
    return Subject(name=harness.name, declares={name: str(getattr(traits, name)) for name in traits.declared()})


def describe_backend(harness: type[Harness], backend: Backend) -> Subject:
    """What is known of a backend by one handle on it."""
    kind = type(backend)
    distribution = _find_distribution(kind.__module__.partition(".")[0])
    return msgspec.structs.replace(
        describe_harness(harness),
        backend=f"{kind.__module__}.{kind.__qualname__}",
        distribution=distribution,
        version=version(distribution) if distribution else "",
        capabilities=observed_capabilities(backend),
    )


def _find_distribution(package: str) -> str:
    # An editable install does not list its files, but it does list its entry points.
    for group in (ENTRY_POINTS, BACKEND_ENTRY_POINTS):
        for entry in entry_points(group=group):
            if entry.dist is not None and entry.module.partition(".")[0] == package:
                return entry.dist.name
    return next(iter(_packages().get(package, [])), "")


@cache
def _packages() -> Mapping[str, list[str]]:
    # Reads every installed distribution, which takes longer than many a rule.
    return packages_distributions()
