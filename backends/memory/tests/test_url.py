import pytest

from lazyjobs import CONTRACT_VERSION, BackendURLError, ClaimParams, CompleteParams, InsertParams, open_backend
from lazyjobs_memory import MemoryBackend


def test_the_scheme_opens_this_backend() -> None:
    backend = open_backend("memory://")
    assert isinstance(backend, MemoryBackend)
    assert backend.contract_version == CONTRACT_VERSION


def test_each_opening_is_a_namespace_of_its_own() -> None:
    first, second = open_backend("memory://"), open_backend("memory://")
    first.insert(InsertParams(kind="greet"))
    assert second.claim(ClaimParams()) is None
    assert second.stats().total == 0


def test_the_retention_is_taken_from_the_url() -> None:
    backend = open_backend("memory://?retention=2")
    for id in range(1, 5):
        backend.insert(InsertParams(kind="greet"))
        backend.claim(ClaimParams())
        backend.complete(CompleteParams(id=id, attempt=1))
    assert [record.id for record in backend.list()] == [4, 3]


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("memory://host", "host"),
        ("memory://:5432", "port"),
        ("memory://user@", "user"),
        ("memory://@", "user"),
        ("memory:///", "path"),
        ("memory:///jobs", "path"),
        ("memory://?retention=0", "option 'retention'"),
        ("memory://?retention=-5", "option 'retention'"),
        ("memory://?retention=many", "option 'retention'"),
        ("memory://?retention=", "option 'retention'"),
        ("memory://?size=5", "option 'size'"),
    ],
)
def test_a_part_that_means_nothing_is_refused_by_name(url: str, part: str) -> None:
    with pytest.raises(BackendURLError) as refused:
        open_backend(url)
    assert refused.value.part == part
    assert refused.value.url == url


def test_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(BackendURLError, match=r"'memory://user:\*\*\*@host': user: means nothing") as refused:
        open_backend("memory://user:canary@host")
    assert "canary" not in str(vars(refused.value))
