"""Who is let in is answered soon, and the others are told at once when to come back."""

import heapq
import random

from api.edge.admission import LEAST, Admission


def crowd(admission: Admission, service: float, clients: int, seconds: float) -> tuple[list[float], int]:
    """A machine that needs `service` seconds for each request and shares itself among those under way, before clients
    that ask again at once; whoever is refused comes when told. Returns how long answers took, and the refusals."""
    dice = random.Random(7)
    coming = [(dice.uniform(0, 0.5), number) for number in range(clients)]
    heapq.heapify(coming)
    inside: dict[int, tuple[object, float, float]] = {}
    now, took, refused = 0.0, list[float](), 0
    while now < seconds:
        if inside and (not coming or coming[0][0] > now):
            now += service / 4  # one of those inside gets a quarter of what it needs
            number = dice.choice(list(inside))
            ticket, began, left = inside[number]
            inside[number] = ticket, began, left - 1
            if left <= 1:
                admission.leave(inside.pop(number)[0], now)  # type: ignore[arg-type]
                took.append(now - began)
                heapq.heappush(coming, (now, number))
            continue
        at, number = heapq.heappop(coming)
        now = max(now, at)
        found = admission.enter(now)
        if found is None:
            refused += 1
            heapq.heappush(coming, (now + admission.retry_after(), number))
        else:
            inside[number] = found, now, 4
    return took, refused


def test_a_line_is_as_long_as_the_machine_is_fast() -> None:
    for service in (0.002, 0.006):
        took, refused = crowd(Admission(256), service, 1000, 8.0)
        late = sorted(took[len(took) // 4 :])
        assert late[int(0.95 * len(late))] < 0.5 and refused > 100, service
        assert len(took) > 0.9 * 8 / service, "and the machine is never without work"


def test_a_fixed_number_keeps_everybody_waiting() -> None:
    took, _ = crowd(Admission(256, target=10.0), 0.004, 1000, 5.0)
    assert sorted(took)[int(0.95 * len(took))] > 0.5, "what the line is for"


def test_who_waits_on_purpose_is_not_in_line_and_has_a_bound_of_its_own() -> None:
    admission = Admission(room=100)
    waiting = [admission.enter(number * 0.1) for number in range(100)]
    assert None not in waiting
    assert admission.enter(11.5) is None, "the room is full"
    assert waiting[0] is not None
    admission.leave(waiting[0], 11.6)
    assert admission.enter(11.7) is not None


def test_many_at_once_are_let_in_and_are_a_crowd_when_the_line_stays() -> None:
    admission = Admission(room=256)
    assert None not in [admission.enter(5.0) for _ in range(2 * LEAST)]
    assert admission.enter(5.2) is not None
    assert admission.enter(5.4) is None, "nobody was answered"
    assert admission.enter(6.3) is not None, "those wait for something else"


def test_the_refused_are_told_to_come_apart() -> None:
    admission = Admission(256)
    crowd(admission, 0.004, 1000, 5.0)
    told = set()
    for _ in range(200):
        if admission.enter(5.1) is None:
            told.add(admission.retry_after())
    assert len(told) > 1 and told <= set(range(1, 9))
