"""Names are looked up once, and every answer is looked at."""

import asyncio
import socket
import threading
from collections.abc import Sequence

import pytest

from infra.http.exceptions import AddressBlocked, NameNotResolved
from infra.http.guard import AddressGuard
from infra.http.resolver import Dial, GuardedResolver, ResolverLimits, dial


class Names:
    """A name server: each question gets the next of the prepared answers, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def addresses(resolver: GuardedResolver, host: str = "example.com", port: int = 80) -> list[str]:
    return [found["host"] for found in await resolver.resolve(host, port)]


async def test_public_answers_are_given_and_pinned() -> None:
    resolver = GuardedResolver(AddressGuard(), lookup=Names(["8.8.8.8", "2001:4860:4860::8888"]))
    attempt = Dial()
    dial.set(attempt)
    found = await resolver.resolve("Example.COM.", 443)
    assert [(one["host"], one["port"], one["family"]) for one in found] == [
        ("8.8.8.8", 443, socket.AF_INET),
        ("2001:4860:4860::8888", 443, socket.AF_INET6),
    ]
    assert all(one["flags"] & socket.AI_NUMERICHOST for one in found)
    assert attempt.approved == {"8.8.8.8", "2001:4860:4860::8888"}
    assert attempt.dns_ms is not None
    await resolver.close()


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254", "64:ff9b::7f00:1", "fe80::1%eth0"])
async def test_one_bad_answer_refuses_the_name(bad: str) -> None:
    resolver = GuardedResolver(AddressGuard(), lookup=Names(["8.8.8.8", bad, "8.8.4.4"]))
    attempt = Dial()
    dial.set(attempt)
    with pytest.raises(AddressBlocked, match=r"example\.com"):
        await addresses(resolver)
    assert attempt.approved == set()
    await resolver.close()


async def test_an_allowed_name_may_be_anywhere_but_on_its_port_only() -> None:
    resolver = GuardedResolver(AddressGuard(["example.com:8090"]), lookup=Names(["127.0.0.1"]))
    assert await addresses(resolver, port=8090) == ["127.0.0.1"]
    with pytest.raises(AddressBlocked):
        await addresses(resolver, port=80)
    await resolver.close()


async def test_a_name_that_changes_its_mind_is_refused_when_it_is_asked_again() -> None:
    names = Names(["8.8.8.8"], ["127.0.0.1"])
    resolver = GuardedResolver(AddressGuard(), ResolverLimits(ttl=0.0), names)
    assert await addresses(resolver) == ["8.8.8.8"]
    with pytest.raises(AddressBlocked):
        await addresses(resolver)
    await resolver.close()


async def test_answers_and_failures_are_remembered_for_their_time() -> None:
    names = Names(OSError("no such name"), ["8.8.8.8"])
    resolver = GuardedResolver(AddressGuard(), ResolverLimits(failure_ttl=60.0), names)
    for _ in range(3):
        with pytest.raises(NameNotResolved, match="no such name"):
            await addresses(resolver)
    assert names.asked == ["example.com"]
    assert await addresses(resolver, "other.example") == ["8.8.8.8"]
    assert await addresses(resolver, "other.example") == ["8.8.8.8"]
    assert names.asked == ["example.com", "other.example"]
    await resolver.close()


async def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    names = Names(["8.8.8.8"])
    resolver = GuardedResolver(AddressGuard(), ResolverLimits(names=10), names)
    for index in range(30):
        await addresses(resolver, f"h{index}.example")
    await addresses(resolver, "h29.example")
    assert len(names.asked) == 30
    await addresses(resolver, "h0.example")
    assert len(names.asked) == 31
    await resolver.close()


async def test_many_who_ask_at_once_share_one_question_and_survive_one_who_leaves() -> None:
    release = threading.Event()

    def slow(host: str) -> Sequence[str]:
        names(host)
        release.wait(5)
        return ["8.8.8.8"]

    names = Names(["8.8.8.8"])
    resolver = GuardedResolver(AddressGuard(), lookup=slow)
    tasks = [asyncio.create_task(addresses(resolver)) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[0].cancel()
    release.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [["8.8.8.8"]] * 19
    assert names.asked == ["example.com"]
    await resolver.close()


async def test_a_name_server_that_never_answers_is_given_up() -> None:
    release = threading.Event()

    def silent(_host: str) -> Sequence[str]:
        release.wait(5)
        return ["8.8.8.8"]

    resolver = GuardedResolver(AddressGuard(), ResolverLimits(timeout=0.05), silent)
    with pytest.raises(NameNotResolved, match="within"):
        await addresses(resolver)
    release.set()
    await resolver.close()


@pytest.mark.parametrize("host", ["a b", "", "a" * 300])
async def test_what_is_no_name_is_not_asked_for(host: str) -> None:
    names = Names(["8.8.8.8"])
    resolver = GuardedResolver(AddressGuard(), lookup=names)
    with pytest.raises(NameNotResolved):
        await addresses(resolver, host)
    assert names.asked == []
