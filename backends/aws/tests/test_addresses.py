import re

import pytest

from lazyjobs import CONTRACT_VERSION, BackendURL, BackendURLError, open_backend
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address

NAMES = ("default", "a", "A" * 100, "mail.out", "mail:out", "mail/out", "mail_out", "Default", "x" * 99 + "y")


def test_the_scheme_opens_this_backend() -> None:
    backend = open_backend("sqs+dynamodb://eu-west-1/shop?endpoint_url=http%3A//127.0.0.1%3A9&sweep=0.5&retention=30")
    assert isinstance(backend, AwsBackend)
    assert backend.contract_version == CONTRACT_VERSION


def test_options_are_read_from_the_url() -> None:
    url = BackendURL.parse("sqs+dynamodb://eu-west-1/shop?sweep=0.5&retention=30&attempts=7")
    options = Options.from_url(url)
    assert (options.sweep, options.attempts) == (0.5, 7)
    assert options.retention is not None
    assert options.retention.days == 30


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("sqs+dynamodb:///shop", "host"),
        ("sqs+dynamodb://Eu_west/shop", "host"),
        ("sqs+dynamodb://eu-west-1", "path"),
        ("sqs+dynamodb://eu-west-1/a/b", "path"),
        ("sqs+dynamodb://eu-west-1/a--b", "path"),
        ("sqs+dynamodb://eu-west-1/-a", "path"),
        ("sqs+dynamodb://eu-west-1/" + "a" * 41, "path"),
        ("sqs+dynamodb://eu-west-1/shop?sweep=0", "option 'sweep'"),
        ("sqs+dynamodb://eu-west-1/shop?sweep=nan", "option 'sweep'"),
        ("sqs+dynamodb://eu-west-1/shop?retention=-1", "option 'retention'"),
        ("sqs+dynamodb://eu-west-1/shop?retention=1e300", "option 'retention'"),
        ("sqs+dynamodb://eu-west-1/shop?attempts=0", "option 'attempts'"),
        ("sqs+dynamodb://eu-west-1/shop?endpoint_url=localhost", "option 'endpoint_url'"),
        ("sqs+dynamodb://eu-west-1/shop?size=5", "option 'size'"),
    ],
)
def test_a_part_that_means_nothing_is_refused_by_name(url: str, part: str) -> None:
    with pytest.raises(BackendURLError) as refused:
        open_backend(url)
    assert refused.value.part == part


def test_every_queue_has_an_sqs_queue_of_its_own_with_a_legal_name() -> None:
    address = Address("eu-west-1", "p" * 40)
    names = {address.queue(name) for name in NAMES}
    assert len(names) == len(NAMES)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name) for name in names)


def test_the_names_of_one_namespace_never_begin_like_those_of_another() -> None:
    inner, outer = Address("eu-west-1", "shop-eu"), Address("eu-west-1", "shop")
    assert not inner.table.startswith(outer.queues)
    assert not inner.queue("default").startswith(outer.queues)
