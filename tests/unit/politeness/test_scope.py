"""Which links belong to a run."""

import time

import pytest

from schemas.scope import MAX_PATTERN, MAX_PATTERNS, Scope, ScopeError

SEEDS = ["https://shop.example.co.uk/", "http://127.0.0.1:8090/list"]
ENDLESS = r"(a|aa)+$"


@pytest.mark.parametrize(
    ("url", "host", "subdomains", "domain"),
    [
        ("https://shop.example.co.uk/a", True, True, True),
        ("http://shop.example.co.uk/a", True, True, True),
        ("https://www.shop.example.co.uk/a", True, True, True),
        ("https://eu.shop.example.co.uk/a", False, True, True),
        ("https://example.co.uk/", False, False, True),
        ("https://blog.example.co.uk/", False, False, True),
        ("https://notshop.example.co.uk.evil.test/", False, False, False),
        ("https://evilshop.example.co.uk/", False, False, True),
        ("https://other.co.uk/", False, False, False),
        ("https://shop.example.co.uk:8443/", False, False, True),
        ("http://127.0.0.1:8090/b", True, True, True),
        ("http://127.0.0.1:8091/b", False, False, True),
    ],
)
def test_sites(url: str, host: bool, subdomains: bool, domain: bool) -> None:
    by_host = Scope(SEEDS, max_depth=5)
    with_subdomains = Scope(SEEDS, max_depth=5, include_subdomains=True)
    by_domain = Scope(SEEDS, max_depth=5, scope="domain")
    anywhere = Scope(SEEDS, max_depth=5, scope="any")
    verdicts = [scope.verdict(url, 1) is None for scope in (by_host, with_subdomains, by_domain, anywhere)]
    assert verdicts == [host, subdomains, domain, True]


def test_a_seed_with_www_takes_the_site_without_it() -> None:
    scope = Scope(["https://www.example.com/"], max_depth=1)
    assert scope.verdict("https://example.com/a", 1) is None
    assert scope.verdict("https://example.com.evil.test/a", 1) == "scope host"
    assert Scope(["https://www.com/"], max_depth=1).verdict("https://com/", 1) == "scope host"


def test_two_projects_on_one_shared_domain_are_two_sites() -> None:
    scope = Scope(["https://one.github.io/"], scope="domain", max_depth=1)
    assert scope.verdict("https://two.github.io/", 1) == "scope domain"


@pytest.mark.parametrize(
    ("follow", "max_depth", "depth", "reason"),
    [
        (True, 2, 2, None),
        (True, 2, 3, "too_deep"),
        (False, 2, 1, "too_deep"),
        (False, 2, 0, None),
        (True, 0, 1, "too_deep"),
    ],
)
def test_depth(follow: bool, max_depth: int, depth: int, reason: str | None) -> None:
    scope = Scope(SEEDS, follow=follow, max_depth=max_depth)
    assert scope.verdict("https://shop.example.co.uk/a", depth) == reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("p/1", None),
        ("p/2?sort=price", "deny: [?&]sort="),
        ("p/3/cart", "deny: /cart"),
        ("cart", "allow"),
        ("help", None),
        ("P/1", "allow"),
    ],
)
def test_one_allowed_pattern_and_no_denied_one_and_the_reason_names_the_rule(path: str, reason: str | None) -> None:
    scope = Scope(SEEDS, max_depth=1, allow=[r"/p/\d+", r"/help$"], deny=[r"[?&]sort=", "/cart"])
    assert scope.verdict(f"https://shop.example.co.uk/{path}", 1) == reason


@pytest.mark.parametrize("which", ["allow", "deny"])
def test_a_pattern_that_never_ends_leaves_pages_out_and_costs_little(which: str) -> None:
    scope = Scope(SEEDS, max_depth=1, **{which: [ENDLESS]})  # type: ignore[arg-type]
    began = time.thread_time()
    for index in range(300):
        reason = scope.verdict(f"https://shop.example.co.uk/{'a' * 500}{index}", 1)
        assert reason == {"allow": "allow", "deny": f"deny: {ENDLESS}"}[which]
    assert time.thread_time() - began < 10, "at its own pace it would be 15"


def test_many_patterns_that_each_stay_within_their_bound_do_not_hold_up_everybody_together() -> None:
    slow = [f"[ab]*[ab]*[ab]*[XV]{number}" for number in range(50)]
    scope = Scope(SEEDS, deny=slow, max_depth=1)
    began = time.thread_time()
    reasons = [scope.verdict(f"https://shop.example.co.uk/{'ab' * 50}/{number}", 1) for number in range(300)]
    assert time.thread_time() - began < 10, "at their own pace it would be minutes"
    assert reasons[0] is None and reasons[-1], "what was given up leaves out whatever is asked"


def test_honest_patterns_are_never_given_up() -> None:
    honest = [rf"/(?:tag|sort|page)-{number}/|[?&](?:s|q){number}=|\.(?:pdf|zip){number}$" for number in range(20)]
    scope = Scope(SEEDS, deny=honest, max_depth=1)
    pages = [f"https://shop.example.co.uk/a/b/c/d/{'long-name-' * 10}{number}?x=1&y=2" for number in range(12_000)]
    assert all(scope.verdict(url, 1) is None for url in pages)


def test_the_endless_pattern_does_not_end_by_itself() -> None:
    # Otherwise the test above would prove nothing.
    scope = Scope(SEEDS, max_depth=1, deny=[ENDLESS])
    began = time.perf_counter()
    assert scope.verdict("https://shop.example.co.uk/" + "a" * 500 + "!", 1) == f"deny: {ENDLESS}"
    assert time.perf_counter() - began >= 0.05


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (["("], "not a regular expression"),
        (["a" * (MAX_PATTERN + 1)], "characters"),
        (["a"] * (MAX_PATTERNS + 1), "At most"),
    ],
)
def test_patterns_that_cannot_be_used_are_named(patterns: list[str], words: str) -> None:
    with pytest.raises(ScopeError, match=words):
        Scope(SEEDS, allow=patterns)
    with pytest.raises(ScopeError, match=words):
        Scope(SEEDS, deny=patterns)


def test_many_hosts_do_not_fill_the_memory() -> None:
    scope = Scope(SEEDS, max_depth=1)
    for index in range(10_000):
        assert scope.verdict(f"https://h{index}.example/", 1) == "scope host"
    assert scope.verdict("https://shop.example.co.uk/", 1) is None
    assert len(scope._known) <= 4096
