"""The job description: what to scrape, in one shape for REST, Kafka and schedules.

It is a pydantic model and not a Struct because people write it: every wrong field is named at once, with what is
allowed, and its JSON Schema is what the gateway's documentation shows. The forms that the older interfaces used
(`url` for `urls`, both inside `config`, a `selectors` map, a `retry_config`) are accepted and brought into this one
shape.
"""

import re
from functools import cached_property
from typing import Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from schemas.events.records import FieldType
from schemas.exports import OTHER_NAMES, PROSE, ExportFormat
from schemas.hosts import origin_of
from schemas.job.clean import Clean
from schemas.job.extract import Extract
from schemas.job.notify import Notifications
from schemas.job.options import Options
from schemas.job.schedule import Schedule
from schemas.job.strings import Dataset, Strict, Url
from schemas.job.trends import Trends
from schemas.urls import canonical


def _merged(base: Any, over: Any, name: str) -> dict[str, Any]:
    """`base` with `over` on top; pydantic turns the ValueError into an error of the whole description."""
    if not isinstance(base, dict) or not isinstance(over, dict | None):
        raise ValueError(f"{name} must be an object")
    return {**base, **(over or {})}


def unfolded(value: dict[str, Any]) -> dict[str, Any]:
    """A description, or a change of one, in the newest form: `config` and `retry_config` are unfolded, `url` becomes
    `urls`, `selectors` become `extract.fields`. ValueError where two forms contradict each other."""
    job = dict(value)
    config = job.pop("config", None)
    if isinstance(config, dict):
        options = {name: config[name] for name in config if name in Options.model_fields}
        if options or "options" in job:
            job["options"] = _merged(options, job.get("options"), "options")
        for name in config.keys() - options.keys():
            job.setdefault(name, config[name])
    elif config is not None:
        job["config"] = config
    if "retry_config" in job:
        job["options"] = _merged(job.pop("retry_config"), job.get("options"), "retry_config")
    if "selectors" in job:
        extract = _merged({}, job.get("extract"), "extract")
        extract["fields"] = _merged(job.pop("selectors"), extract.get("fields"), "selectors")
        job["extract"] = extract
    if "url" in job:
        url, more = job.pop("url"), job.get("urls") or []
        job["urls"] = [url, *more] if isinstance(more, list) else more
    return job


class JobDescription(Strict):
    """What to scrape. `POST /api/v1/scrape`, a message to `scrape-requests` and a schedule all say it so."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "url": "http://127.0.0.1:8090/",
                    "name": "shop",
                    "options": {"max_depth": 10, "max_pages": 2000, "delay": 0, "concurrency": 8},
                    "extract": {
                        "items": "article.product",
                        "fields": {
                            "sku": {"css": "::attr(data-sku)", "required": True},
                            "name": "h3 a::text",
                            "price": {"css": ".price::text", "type": "price"},
                            "url": {"css": "h3 a::attr(href)", "type": "url"},
                        },
                        "key": "sku",
                    },
                }
            ]
        },
    )

    urls: list[Url] = Field(
        default_factory=list, max_length=10_000, description="Where to begin. `url` is short for one."
    )
    sitemaps: list[Url] = Field(
        default_factory=list,
        max_length=100,
        description="Sitemaps and indexes of them, gzip or not: their pages are seeds.",
    )
    feeds: list[Url] = Field(default_factory=list, max_length=100, description="RSS or Atom: their items are seeds.")
    name: str | None = Field(None, min_length=1, max_length=200)
    type: str = Field("web_scraping", max_length=50)
    description: str = Field("", max_length=5000)
    dataset: Dataset | None = Field(None, description="Where records go; by default made from the name.")
    options: Options = Field(default_factory=lambda: Options.model_validate({}))
    extract: Extract = Field(default_factory=lambda: Extract.model_validate({}))
    filters: dict[str, Any] = Field(
        default_factory=dict,
        max_length=50,
        description="`min_<field>`, `max_<field>`, `<field>`: one value or a list; other records are left out.",
    )
    clean: Clean = Field(
        default_factory=lambda: Clean.model_validate({}), description="What is done with values, and what they must be."
    )
    trends: Trends = Field(
        default_factory=lambda: Trends.model_validate({}), description="What is watched, and when to be told."
    )
    export_formats: list[ExportFormat] = Field(
        default_factory=list,
        max_length=20,
        description="Files made of each run that completes. For those to be read (markdown, html, epub, zip) pages "
        "without rules keep their main content as Markdown.",
    )
    notifications: Notifications = Field(
        default_factory=lambda: Notifications.model_validate({}), description="Who is told when what happens."
    )
    schedule: Schedule | None = Field(
        None, description="When it runs again by itself; a text is a cron expression in UTC."
    )
    enabled: bool = True

    @model_validator(mode="before")
    @classmethod
    def _older_forms(cls, value: Any) -> Any:
        """The older interfaces' forms."""
        return unfolded(value) if isinstance(value, dict) else value

    @field_validator("export_formats", mode="before")
    @classmethod
    def _known_formats(cls, value: Any) -> Any:
        """Whatever their case, by their other names too, each once."""
        if not isinstance(value, list):
            return value
        names = [OTHER_NAMES.get(one.lower(), one.lower()) if isinstance(one, str) else one for one in value]
        return [one for place, one in enumerate(names) if one not in names[:place]]

    @model_validator(mode="after")
    def _content_to_be_read(self) -> "JobDescription":
        extract = self.extract
        asked = extract.auto or []
        if PROSE.isdisjoint(self.export_formats) or extract.fields or extract.has_items:
            return self
        if isinstance(asked, list) and "markdown" not in asked:
            self.extract = extract.model_copy(update={"auto": [*asked, "markdown"]})
        return self

    @model_validator(mode="after")
    def _somewhere_to_begin(self) -> "JobDescription":
        if not (self.urls or self.sitemaps or self.feeds):
            raise ValueError("give at least one of urls (or url), sitemaps, feeds")
        return self

    @model_validator(mode="after")
    def _cleaning_fits(self) -> "JobDescription":
        fields = self.extract.fields
        types: dict[str, FieldType] | None = None
        if fields:
            types = {"url": "url", **{name: spec.type for name, spec in fields.items()}}
        problems = list(self.clean.problems(types))
        if problems:
            raise ValueError("; ".join(problems[:20]))
        return self

    @property
    def sources(self) -> list[str]:
        """Everything that the user named, pages first."""
        return [*self.urls, *self.sitemaps, *self.feeds]

    @cached_property
    def named_origins(self) -> frozenset[str]:
        """Origins that the user named."""
        return frozenset(origin_of(canonical(url)) for url in self.sources)

    def trusts(self, url: str) -> bool:
        """Whether the canonical URL is at an origin that the user named, or at one's host with TLS where it was named
        without: what was given for it (cookies, say) is for no other host, and not for everybody on the way."""
        origin = origin_of(url)
        return origin in self.named_origins or (
            origin.startswith("https:") and f"http{origin[5:]}" in self.named_origins
        )

    @property
    def dataset_name(self) -> str:
        """The dataset: as said, else the name brought into the characters a dataset may have, else `default`."""
        if self.dataset:
            return self.dataset
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", self.name or "").strip("-._")[:100] or "default"
