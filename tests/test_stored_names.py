"""What the fields of a job may be called in a payload."""

from dataclasses import dataclass

import attrs
import msgspec
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from lazyjobs.jobs import stored_names


@dataclass
class Plain:
    number: int
    text: str = ""


@attrs.define
class Attrs:
    number: int


class Renamed(msgspec.Struct, rename="camel", tag_field="type"):
    some_number: int


class Model(BaseModel):
    number: int = Field(alias="n")
    text: str = ""


class OpenModel(BaseModel):
    model_config = ConfigDict(extra="allow")


class Choosing(BaseModel):
    number: int = Field(validation_alias=AliasChoices("n", "number"))


class Empty:
    pass


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        (Plain, {"number", "text"}),
        (Attrs, {"number"}),
        (Renamed, {"type", "someNumber"}),
        (Model, {"n", "number", "text"}),
        (OpenModel, None),
        (Choosing, None),
        (Empty, set()),
    ],
)
def test_the_names_that_a_payload_may_have(cls: type, names: set[str] | None) -> None:
    assert stored_names(cls) == names
