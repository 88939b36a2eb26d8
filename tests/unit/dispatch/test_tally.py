"""What a transaction adds up before it writes: when a host's rows may go."""

import pytest

from infra.postgres.tally import Tally

RUN, HOST = "r", "a.test"


@pytest.mark.parametrize(
    ("added", "ready_at"),
    [
        ([None], None),
        ([50.0], 50.0),
        ([50.0, 40.0, 60.0], 40.0),
        ([50.0, None], None),
        ([None, 50.0], None),
    ],
)
def test_a_host_is_ready_when_the_first_of_its_new_rows_is(added: list[float | None], ready_at: float | None) -> None:
    tally = Tally()
    for moment in added:
        tally.at_host(RUN, HOST, queued=1, issued=-1, ready_at=moment)
    at = tally.hosts[RUN, HOST]
    assert (at.queued, at.issued, at.ready_at, at.falls) == (len(added), -len(added), ready_at, True)


def test_rows_that_go_say_nothing_of_when() -> None:
    tally = Tally()
    tally.at_host(RUN, HOST, queued=1, ready_at=50.0)
    tally.at_host(RUN, HOST, queued=-1, issued=1)
    assert (tally.hosts[RUN, HOST].ready_at, tally.hosts[RUN, HOST].falls) == (50.0, False)
