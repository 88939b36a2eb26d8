import pytest

from infra.local.clickhouse_front.errors import Refused
from infra.local.clickhouse_front.query import parse_query
from infra.local.clickhouse_front.statement import find_insert, is_select, last_line_format


@pytest.mark.parametrize(
    ("text", "statement", "name", "data"),
    [
        (b"INSERT INTO t FORMAT Native\n\x01\x02", "INSERT INTO t ", "Native", b"\x01\x02"),
        (
            b'insert into `a``FORMAT b` (`x`, "FORMAT") format CSV\n1',
            'insert into `a``FORMAT b` (`x`, "FORMAT") ',
            "CSV",
            b"1",
        ),
        (b"-- hello\n/* FORMAT x */ INSERT INTO t SETTINGS a='FORMAT' FORMAT TSV 1", None, "TSV", b"1"),
        (b"INSERT INTO FUNCTION f('a', format) FORMAT JSONEachRow\r\n{}", None, "JSONEachRow", b"{}"),
        (b"INSERT INTO t FORMAT Native ; \n\n", None, "Native", b"\n"),
        (b"INSERT INTO t FORMAT Native", None, "Native", b""),
    ],
)
def test_an_inserts_data_is_found(text: bytes, statement: str | None, name: str, data: bytes) -> None:
    found = find_insert(text)
    assert found is not None
    assert (found.format, text[found.data_at :]) == (name, data)
    if statement:
        assert found.statement == statement


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SELECT 1 FORMAT Native",
        b"INSERT INTO t VALUES ('FORMAT Native')",
        b"INSERT INTO t SELECT 1 FORMAT Null",
        b"INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x",
        b"INSERT INTO t",
        b"INSERT INTO t FORMAT",
        b"(SELECT 'INSERT')",
        b"CREATE TABLE insert (a Int8)",
    ],
)
def test_everything_else_is_no_insert_of_data(text: bytes) -> None:
    assert find_insert(text) is None


def test_a_format_counts_only_on_the_last_line() -> None:
    assert last_line_format(b"select 1\n FORMAT Native") == "Native"
    assert last_line_format(b"select 1\n FORMAT Native ;\n") == "Native"
    assert last_line_format(b"FORMAT JSON") == "JSON"
    assert last_line_format(b"select 1 FORMAT JSON") is None
    assert last_line_format(b"select 1\n -- FORMAT Native") is None


def test_what_can_be_streamed() -> None:
    assert is_select(b" /* a */ select 1")
    assert is_select(b"(SELECT 1) UNION ALL (SELECT 2)")
    assert is_select(b"with 1 as x select x")
    assert not is_select(b"DESCRIBE TABLE t")
    assert not is_select(b"-- select")


def test_parameters_are_sorted_into_settings_values_and_transport() -> None:
    given = [("query", "select 1"), ("param_a", "x"), ("max_threads", "2"), ("session_id", "s"), ("database", "d")]
    query = parse_query(given, {}, read_only=False)
    assert query.statement == b"select 1"
    assert query.parameters == {"a": "x"}
    assert query.settings == {"max_threads": "2"}
    assert query.database == "d"


@pytest.mark.parametrize("given", [("a b", "1"), ("a;drop", "1"), ("compress", "1"), ("", "1")])
def test_a_parameter_that_makes_no_sense_is_refused(given: tuple[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        parse_query([given], {}, read_only=False)
    assert refused.value.status == 400
