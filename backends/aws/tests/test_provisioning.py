import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_support.place import QUEUE, REGION, Place

from lazyjobs import BackendError, ClaimParams, InsertParams
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws._template import make_template
from lazyjobs_aws.cli import main

LAYOUT = Layout(shards=2, feed=True)


@pytest.fixture
def bare(emulated: None) -> Iterator[Place]:
    """A namespace of which nothing is there."""
    place = Place("bare", layout=LAYOUT)
    yield place
    place.remove()


@pytest.fixture
def provisioner(bare: Place) -> Provisioner:
    return Provisioner(bare.address, bare.session)


def test_a_first_insert_against_nothing_says_what_to_run(bare: Place) -> None:
    with pytest.raises(BackendError, match=r"lazyjobs-aws create 'sqs\+dynamodb://eu-west-1/bare'"):
        bare.open().insert(InsertParams(kind="greet"))


def test_what_was_created_is_found_right_and_can_be_created_again(provisioner: Provisioner) -> None:
    for _ in range(2):
        provisioner.create(LAYOUT, ["mail", "a.b"])
    assert provisioner.check(LAYOUT, ["mail", "a.b"]) == []
    assert provisioner.check(None, []) == []


def test_creating_it_otherwise_is_refused_and_changes_nothing(provisioner: Provisioner) -> None:
    provisioner.create(LAYOUT, [])
    with pytest.raises(BackendError, match="2 shards and a feed, not 1 shards and no feed"):
        provisioner.create(Layout(), [])
    assert provisioner.check(LAYOUT, []) == []


def test_what_is_missing_is_told(provisioner: Provisioner) -> None:
    (table,) = provisioner.check(LAYOUT, [])
    assert "there is no table 'bare--jobs'" in table
    provisioner.create(LAYOUT, ["mail"])
    (queue,) = provisioner.check(LAYOUT, ["mail", "post"])
    assert "--queue post" in queue


def test_a_time_to_live_that_is_off_is_told(bare: Place, provisioner: Provisioner) -> None:
    bare.client("dynamodb").create_table(**LAYOUT.define(bare.address.table))
    (wrong,) = provisioner.check(None, [])
    assert "the time to live is off" in wrong


def _other_key(index: dict[str, Any]) -> None:
    index["KeySchema"][1]["AttributeName"] = "id"


def _fewer_attributes(index: dict[str, Any]) -> None:
    index["Projection"] = {"ProjectionType": "KEYS_ONLY"}


@pytest.mark.parametrize("spoil", [_other_key, _fewer_attributes])
def test_an_index_that_is_wrong_is_told(
    bare: Place, provisioner: Provisioner, spoil: Callable[[dict[str, Any]], None]
) -> None:
    definition = Layout().define(bare.address.table)
    spoil(definition["GlobalSecondaryIndexes"][0])
    used = {"id", "part", *(key["AttributeName"] for key in definition["GlobalSecondaryIndexes"][0]["KeySchema"])}
    definition["AttributeDefinitions"] = [
        each for each in definition["AttributeDefinitions"] if each["AttributeName"] in used
    ]
    bare.client("dynamodb").create_table(**definition)
    assert any("due-v1x1 has not the key or the attributes" in wrong for wrong in provisioner.check(None, []))


@pytest.mark.parametrize(("index", "told"), [("due-v2x1", "its schema is 2"), ("mine", "something else made it")])
def test_a_table_of_another_version_or_of_something_else_is_refused(bare: Place, index: str, told: str) -> None:
    definition = Layout().define(bare.address.table)
    definition["GlobalSecondaryIndexes"][0]["IndexName"] = index
    bare.client("dynamodb").create_table(**definition)
    with pytest.raises(BackendError, match=told):
        bare.open().claim(ClaimParams())
    assert bare.items() == []


def test_removing_leaves_nothing_and_other_namespaces_alone(bare: Place, provisioner: Provisioner) -> None:
    other = Place("bare-2")
    other.create()
    provisioner.create(LAYOUT, ["mail"])
    provisioner.remove()
    provisioner.remove()
    assert len(provisioner.check(None, ["mail"])) == 2
    assert Provisioner(other.address, other.session).check(None, [QUEUE]) == []
    other.remove()


def test_the_template_makes_what_the_command_makes(bare: Place, provisioner: Provisioner) -> None:
    template = make_template(bare.address, LAYOUT, ["mail", "a.b"])
    cloud = bare.client("cloudformation")
    cloud.create_stack(StackName="jobs", TemplateBody=json.dumps(template))
    assert template["Resources"]["Jobs"]["Properties"]["TimeToLiveSpecification"]["Enabled"]
    (unknown_to_moto,) = provisioner.check(LAYOUT, ["mail", "a.b"])
    assert "the time to live is off" in unknown_to_moto
    backend = bare.open()
    inserted = backend.insert(InsertParams(kind="greet", queue="mail"))
    claimed = backend.claim(ClaimParams(queues=("mail",)))
    assert claimed is not None
    assert claimed.id == inserted.id


def test_the_command_creates_checks_and_removes(emulated: None, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqs+dynamodb://{REGION}/shop"
    assert main(["check", url]) == 1
    assert main(["create", url, "--queue", "mail", "--feed", "--shards", "2"]) == 0
    assert main(["check", url, "--queue", "mail"]) == 0
    assert capsys.readouterr().out.endswith("all is well\n")
    assert main(["remove", url]) == 2
    assert main(["clean", url]) == 0
    assert main(["remove", url, "--yes"]) == 0
    assert main(["check", url]) == 1


@pytest.mark.parametrize("url", ["memory://", "shop", "sqs+dynamodb://eu-west-1/", "sqs+dynamodb://eu-west-1/s?x=1"])
def test_a_url_that_means_nothing_exits_with_2(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", url]) == 2
    assert "lazyjobs-aws: cannot open the backend" in capsys.readouterr().err


def test_the_command_prints_template_and_policies(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqs+dynamodb://{REGION}/shop"
    assert main(["template", url, "--queue", "mail"]) == 0
    assert json.loads(capsys.readouterr().out)["Resources"]["Jobs"]["Properties"]["TableName"] == "shop--jobs"
    assert main(["policy", url, "worker"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2012-10-17"
