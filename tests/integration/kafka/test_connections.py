"""A connection that breaks is an outage, on either event loop."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from infra.kafka.connections import survive_uvloop
from tests.engines import Engines

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
pytestmark = pytest.mark.parametrize("loop", list(LOOPS.values()), ids=list(LOOPS))


@pytest.fixture(autouse=True)
def surviving() -> None:
    survive_uvloop()


def test_writing_to_a_connection_that_has_just_broken_is_a_kafka_error(
    engines: Engines, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def story() -> None:
        host, port = engines.kafka.split(":")
        connection = await create_conn(host, int(port))
        connection._writer.transport.abort()
        await asyncio.sleep(0)  # the transport has gone, and its reader does not know yet
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest([]))
        connection.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(story())
