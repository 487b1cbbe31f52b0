"""The errors of the contract and of jobs: what they say, what they hold, and that they survive a pickle."""

import copy
import pickle

import pytest

import lazyjobs.contract
import lazyjobs.jobs
from lazyjobs import (
    BackendClosedError,
    BackendError,
    BackendUnavailableError,
    BackendURLError,
    ClaimLostError,
    DecodeError,
    DuplicateKindError,
    EncodeError,
    InvalidJobError,
    LazyJobsError,
    PayloadTooLargeError,
    UnknownBackendError,
    UnknownKindError,
)

CASES: list[tuple[Exception, str, dict[str, object]]] = [
    (LazyJobsError("no such luck"), "no such luck", {}),
    (BackendError("the disk is on fire"), "the disk is on fire", {}),
    (BackendUnavailableError("no answer from db:5432"), "no answer from db:5432", {}),
    (BackendClosedError(), "the backend is closed; open another one", {}),
    (BackendClosedError("jobs.db was closed"), "jobs.db was closed", {}),
    (
        PayloadTooLargeError("report", 101, 100),
        (
            "the payload of the 'report' job has 101 bytes and this backend stores at most 100; nothing was written; "
            "store the data elsewhere and enqueue a reference to it"
        ),
        {"kind": "report", "size": 101, "limit": 100},
    ),
    (
        ClaimLostError(7, 2, "running, attempt 3"),
        "attempt 2 no longer holds record 7 (found: running, attempt 3); nothing was changed; drop this outcome",
        {"id": 7, "attempt": 2, "found": "running, attempt 3"},
    ),
    (
        BackendURLError("memory://host", "host", "means nothing here"),
        "cannot open the backend 'memory://host': host: means nothing here",
        {"url": "memory://host", "part": "host", "reason": "means nothing here"},
    ),
    (
        UnknownBackendError("redis", ("memory", "sqlite"), "write one"),
        "no backend is installed for the scheme 'redis' (installed: memory, sqlite); write one",
        {"scheme": "redis", "installed": ("memory", "sqlite"), "hint": "write one"},
    ),
    (
        UnknownBackendError("redis", (), "write one"),
        "no backend is installed for the scheme 'redis' (installed: none); write one",
        {"installed": ()},
    ),
    (InvalidJobError("app.Job has no kind"), "app.Job has no kind", {}),
    (
        DuplicateKindError("mail", "app.Mail", "shop.Mail"),
        "the kind 'mail' of shop.Mail is already that of app.Mail; give one of them another kind",
        {"kind": "mail", "registered": "app.Mail", "refused": "shop.Mail"},
    ),
    (
        UnknownKindError("mail", ("report",), "looking for one failed: ImportError: no module"),
        "no job is registered for the kind 'mail' (registered: report); looking for one failed: ImportError: no module",
        {"known": ("report",), "reason": "looking for one failed: ImportError: no module"},
    ),
    (
        UnknownKindError("mail", ("report", "note")),
        "no job is registered for the kind 'mail' (registered: report, note)",
        {"kind": "mail", "known": ("report", "note")},
    ),
    (UnknownKindError("mail", ()), "no job is registered for the kind 'mail' (registered: none)", {"known": ()}),
    (
        EncodeError("mail", "Expected `int`"),
        "the 'mail' job cannot be stored, nothing was written: Expected `int`",
        {"kind": "mail", "reason": "Expected `int`"},
    ),
    (
        DecodeError("mail", "Object missing required field `to`"),
        "the payload does not fit the 'mail' job: Object missing required field `to`",
        {"kind": "mail", "reason": "Object missing required field `to`"},
    ),
]

each = pytest.mark.parametrize(("error", "message", "held"), CASES, ids=[type(case[0]).__name__ for case in CASES])


def public_errors() -> set[type]:
    names = {(module, name) for module in (lazyjobs.contract, lazyjobs.jobs) for name in module.__all__}
    values = {getattr(module, name) for module, name in names}
    return {value for value in values if isinstance(value, type) and issubclass(value, BaseException)}


def test_no_public_error_is_left_out_here() -> None:
    assert {type(error) for error, _, _ in CASES} == public_errors()


@each
def test_an_error_says_what_happened_and_keeps_the_data(
    error: Exception, message: str, held: dict[str, object]
) -> None:
    assert str(error) == message
    assert {name: getattr(error, name) for name in held} == held


@each
def test_a_copied_or_pickled_error_is_the_same(error: Exception, message: str, held: dict[str, object]) -> None:
    pickles = (pickle.dumps(error, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1))
    for other in (copy.copy(error), copy.deepcopy(error), *map(pickle.loads, pickles)):
        assert type(other) is type(error)
        assert other is not error
        assert (str(other), other.args) == (message, error.args)
        assert vars(other) == vars(error)


def test_every_error_has_one_base() -> None:
    assert all(issubclass(error, LazyJobsError) for error in public_errors())


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (PayloadTooLargeError, ValueError),
        (BackendURLError, ValueError),
        (UnknownBackendError, LookupError),
        (InvalidJobError, TypeError),
        (DuplicateKindError, ValueError),
        (UnknownKindError, LookupError),
        (EncodeError, ValueError),
        (DecodeError, ValueError),
    ],
)
def test_an_error_of_a_familiar_sort_is_caught_as_one(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, builtin)


def test_what_may_leave_a_backend_is_one_family_beside_a_lost_claim() -> None:
    family = {error for error in public_errors() if issubclass(error, BackendError)}
    assert family == {BackendError, BackendUnavailableError, BackendClosedError, PayloadTooLargeError}


def test_a_lost_claim_is_no_failure_of_the_backend() -> None:
    assert not issubclass(ClaimLostError, BackendError)
