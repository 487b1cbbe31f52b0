"""Whether an emulator is fit to try anything on."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from lazyjobs_aws.emulator._session import emulator_session

_THREADS = 6
_ROUNDS = 20


class UnsafeEmulatorError(RuntimeError):
    """An emulator lets two conditional writes succeed of which only one could."""


def assert_atomic(endpoint_url: str | None, rounds: int = _ROUNDS) -> None:
    """Lets threads race for the same conditional write, again and again; raises `UnsafeEmulatorError` if two win."""
    config = Config(max_pool_connections=_THREADS, retries={"total_max_attempts": 1})
    client = emulator_session().client("dynamodb", endpoint_url=endpoint_url, config=config)
    table = f"probe-{secrets.token_hex(8)}"
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
    )
    try:
        for number in range(rounds):
            winners = _race(lambda number=number: _write(client, table, number))  # type: ignore[misc]
            if winners != 1:
                raise UnsafeEmulatorError(
                    f"{winners} of {_THREADS} threads won the same conditional write in round {number + 1} at "
                    f"{endpoint_url or 'this process'}; nothing that is tried on such an emulator means anything"
                )
    finally:
        client.delete_table(TableName=table)
        client.close()


def _race(write: Callable[[], bool]) -> int:
    start = Barrier(_THREADS)

    def run() -> bool:
        start.wait()
        return write()

    with ThreadPoolExecutor(_THREADS) as pool:
        return sum(future.result() for future in [pool.submit(run) for _ in range(_THREADS)])


def _write(client: Any, table: str, number: int) -> bool:
    try:
        client.update_item(
            TableName=table,
            Key={"id": {"N": str(number)}},
            UpdateExpression="SET winner = :one",
            ConditionExpression="attribute_not_exists(winner)",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
