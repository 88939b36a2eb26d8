"""How a run writes its URLs."""

import pytest

from schemas.spelling import Spelling
from schemas.urls import canonical

SITE = "http://shop.example"
HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("/p?id=7", "/p?id=7"),
        (f"/p;jsessionid={HEX}", "/p"),
        (f"/p;jsessionid={HEX}.node1?id=7", "/p?id=7"),
        ("/p;v=1.2;JSESSIONID=A1B2/q", "/p;v=1.2/q"),
        (f"/p?PHPSESSID={HEX}&id=7", "/p?id=7"),
        (f"/p?id=7&sid={HEX}", "/p?id=7"),
        ("/p?sid=7", "/p?sid=7"),
        ("/p?sid=summer-collection-of-shoes", "/p?sid=summer-collection-of-shoes"),
        (f"/p?side={HEX}", f"/p?side={HEX}"),
        ("/p?ASPSESSIONIDQABCDEFG=HIJKLMNOPQRSTUVWXYZABCDE", "/p"),
        ("/p?CFID=12&CFTOKEN=34&x", "/p?x"),
        ("/(S(4hqa0555fwsecu455xqckv45))/list.aspx?a=1", "/list.aspx?a=1"),
        ("/(A(abcdefghij0123456789k)S(4hqa0555fwsecu455xqckv45))/x", "/x"),
        ("/wiki/Set_(mathematics)/(S(x))/y", "/wiki/Set_(mathematics)/(S(x))/y"),
    ],
)
def test_sessions_are_no_part_of_a_links_address(url: str, spelled: str) -> None:
    assert Spelling().of_link(SITE + url) == SITE + spelled
    assert canonical(SITE + spelled) == SITE + spelled


@pytest.mark.parametrize(
    ("strip", "keep", "query", "kept"),
    [
        (["sort"], [], "?sort=price&page=2", "?page=2"),
        (["sort"], [], "?resort=1&sort", "?resort=1"),
        (["*"], [], "?a=1&b", ""),
        ([], ["page"], "?sort=price&page=2&x=1", "?page=2"),
        (["page"], ["page"], "?page=2", ""),
        (["preis ü"], [], "?preis%20%C3%BC=1&a=1", "?a=1"),
        (["preis ü"], [], "?preis+%C3%BC=1&a=1", "?a=1"),
        (["sort"], [], "", ""),
    ],
)
def test_parameters_are_the_jobs_to_choose(strip: list[str], keep: list[str], query: str, kept: str) -> None:
    spelling = Spelling(strip, keep)
    assert spelling.of_link(f"{SITE}/p{query}") == spelling.of_seed(f"{SITE}/p{query}") == f"{SITE}/p{kept}"


def test_a_session_that_a_person_wrote_down_is_meant() -> None:
    seed = f"{SITE}/p;jsessionid={HEX}?a=1&PHPSESSID={HEX}"
    assert Spelling().of_seed(seed) == seed
    assert Spelling(["a"]).of_seed(seed) == f"{SITE}/p;jsessionid={HEX}?PHPSESSID={HEX}"
