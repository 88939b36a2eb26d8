"""What the demonstration asks ClickHouse directly, to hold it against what the gateway and the site say."""

import threading
from collections.abc import Iterable
from typing import Any

from cli.demonstration.accounts import Stored
from infra.clickhouse.client import connect


class Warehouse:
    """Questions to ClickHouse. May be used from several threads; each has a client of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()

    def _ask(self, query: str, **parameters: Any) -> list[Any]:
        if not hasattr(self._own, "client"):
            self._own.client = connect(self._url)
        return list(self._own.client.query(query, parameters=parameters).result_rows)

    def datasets(self) -> set[str]:
        """Every dataset that holds records."""
        return {str(name) for (name,) in self._ask("select distinct dataset from records")}

    def rows_by_run(self, dataset: str, runs: Iterable[str]) -> dict[str, int]:
        """How many rows of each of these runs can be read now."""
        query = """select toString(run_id), count() from records
                   where dataset = {dataset:String} and run_id in {runs:Array(UUID)} group by run_id"""
        return dict(self._ask(query, dataset=dataset, runs=list(runs)))

    def stored(self, dataset: str, job_id: str) -> Stored:
        """Rows and distinct ids of a job, without FINAL: what anyone would count."""
        query = """select count(), uniqExact(id) from records
                   where dataset = {dataset:String} and job_id = {job:UUID}"""
        [(rows, distinct)] = self._ask(query, dataset=dataset, job=job_id)
        return Stored(dataset=dataset, rows=rows, distinct=distinct)

    def visits(self, dataset: str, job_id: str) -> dict[str, int]:
        """By run the number that the site gave that visit, as its page says it."""
        query = """select toString(run_id), toInt64(any(JSONExtractString(data, 'visit'))) from records
                   where dataset = {dataset:String} and job_id = {job:UUID} group by run_id"""
        return dict(self._ask(query, dataset=dataset, job=job_id))

    def trends(self, dataset: str) -> int:
        """How many trends of a dataset are stored."""
        [(count,)] = self._ask("select count() from trends where dataset = {dataset:String}", dataset=dataset)
        return int(count)
