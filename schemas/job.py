"""The job description: what to scrape, in one shape for REST, Kafka and schedules.

It is a pydantic model and not a Struct because people write it: every wrong field is named at once, with what is
allowed, and its JSON Schema is what the gateway's documentation shows. The forms that the older interfaces used
(`url` for `urls`, both inside `config`, a `selectors` map) are accepted and brought into this one shape.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
    field_validator,
    model_validator,
)

from schemas.events.records import FieldType

_HTTP = TypeAdapter(HttpUrl)
_OPTION_ALIASES = {"max_pages", "max_depth", "respect_robots", "delay", "user_agent", "headers", "priority",
                   "max_retries", "retry_delay", "follow", "scope", "allow", "deny", "timeout",
                   "concurrency"}  # fmt: skip


def _http_url(value: str) -> str:
    """Checks that it is http or https with a host, but keeps the characters as the user wrote them."""
    _HTTP.validate_python(value)
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as problem:
        raise ValueError(f"not a regular expression: {problem}") from problem
    return value


Url = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_http_url)]
Pattern = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_pattern)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
HeaderValue = Annotated[str, Field(max_length=2000, pattern=r"^[^\r\n\x00]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _merged(base: Any, over: Any, name: str) -> dict[str, Any]:
    """`base` with `over` on top; pydantic turns the ValueError into an error of the whole description."""
    if not isinstance(base, dict) or not isinstance(over, dict | None):
        raise ValueError(f"{name} must be an object")
    return {**base, **(over or {})}


class FieldSpec(_Strict):
    """How one field is found and what it is. Without `css` or `xpath` the field is left to its default."""

    css: str | None = Field(None, max_length=1000, description="CSS selector; `::text` and `::attr(name)` may end it.")
    xpath: str | None = Field(None, max_length=1000, description="XPath 1.0, relative to the item or page.")
    type: FieldType = Field("text", description="What cleaning makes of it; a price also yields `<field>_currency`.")
    required: bool = Field(False, description="A record without it is rejected to the dead letters.")
    default: Any = Field(None, description="Taken when nothing is found.")

    @model_validator(mode="after")
    def _one_way_to_find_it(self) -> "FieldSpec":
        if self.css and self.xpath:
            raise ValueError("give either css or xpath, not both")
        return self


class Extract(_Strict):
    """Rules that turn a page into records. Without any, a page gives one record: title, headings, text."""

    items: str | None = Field(None, max_length=1000, description="CSS selector of a repeated item: one record each.")
    items_xpath: str | None = Field(None, max_length=1000, description="The same as XPath.")
    fields: dict[FieldName, FieldSpec] = Field(default_factory=dict, max_length=200)
    key: list[FieldName] = Field(default_factory=list, max_length=5, description="Fields that tell records apart.")

    @field_validator("fields", mode="before")
    @classmethod
    def _selector_strings(cls, value: Any) -> Any:
        """`{"title": "h1::text"}` is short for `{"title": {"css": "h1::text"}}`."""
        if not isinstance(value, dict):
            return value
        return {name: {"css": spec} if isinstance(spec, str) else spec for name, spec in value.items()}

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> "Extract":
        if self.items and self.items_xpath:
            raise ValueError("give either items or items_xpath, not both")
        unknown = [name for name in self.key if self.fields and name not in self.fields and name != "url"]
        if unknown:
            raise ValueError(f"key names a field that is not extracted: {', '.join(unknown)}")
        return self


class Options(_Strict):
    """How far, how politely, how stubbornly."""

    follow: bool | None = Field(None, description="Follow links; by default as soon as max_depth is above 0.")
    max_depth: int | None = Field(None, ge=0, le=1000, description="Links from a seed; 0 is the seeds alone.")
    max_pages: int = Field(
        1000,
        ge=1,
        le=10_000_000,
        description="URLs visited at most; robots.txt, retries and redirect hops not counted.",
    )
    scope: Literal["host", "domain", "any"] = Field(
        "host", description="Which links belong: the seed's host, its registered domain, any."
    )
    allow: list[Pattern] = Field(default_factory=list, max_length=50, description="A link must match one of these.")
    deny: list[Pattern] = Field(default_factory=list, max_length=50, description="A link must match none of these.")
    respect_robots: bool = Field(True, description="Obey robots.txt.")
    delay: float = Field(1.0, ge=0, le=3600, description="Seconds between two visits to one host.")
    concurrency: int = Field(1, ge=1, le=64, description="Visits at once to one host; above 1 only without delay.")
    timeout: float = Field(30.0, ge=1, le=300, description="Seconds for one whole exchange.")
    max_body: int = Field(10_000_000, ge=1000, le=50_000_000, description="Bytes of a body, decompressed.")
    max_retries: int = Field(2, ge=0, le=20, description="Further tries after a failure that may pass.")
    retry_delay: float = Field(2.0, ge=0, le=3600, description="Seconds before the first retry; doubles each time.")
    user_agent: HeaderValue | None = Field(None, description="By default the product's own, which names itself.")
    headers: dict[str, HeaderValue] = Field(default_factory=dict, max_length=50)
    priority: Literal["low", "normal", "high"] = "normal"

    @property
    def depth_limit(self) -> int:
        """How many links from a seed a page may be: none unless asked, a thousand when only `follow` was said."""
        if self.follow is False:
            return 0
        if self.max_depth is not None:
            return self.max_depth
        return 1000 if self.follow else 0


class JobDescription(_Strict):
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

    urls: list[Url] = Field(min_length=1, max_length=10_000, description="Where to begin. `url` is short for one.")
    name: str | None = Field(None, min_length=1, max_length=200)
    type: str = Field("web_scraping", max_length=50)
    description: str = Field("", max_length=5000)
    dataset: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
        description="Where records go; by default made from the name.",
    )
    options: Options = Field(default_factory=lambda: Options.model_validate({}))
    extract: Extract = Field(default_factory=lambda: Extract.model_validate({}))
    filters: dict[str, Any] = Field(
        default_factory=dict,
        max_length=50,
        description="`min_<field>`, `max_<field>`, `<field>`: one value or a list; other records are left out.",
    )
    export_formats: list[str] = Field(default_factory=list, max_length=20, description="Kept with the job.")
    notifications: dict[str, Any] = Field(default_factory=dict, max_length=20, description="Kept with the job.")
    schedule: str | dict[str, Any] | None = Field(None, description="Kept with the job.")
    enabled: bool = True

    @model_validator(mode="before")
    @classmethod
    def _older_forms(cls, value: Any) -> Any:
        """`config` is unfolded, `url` becomes `urls`, `selectors` become `extract.fields`."""
        if not isinstance(value, dict):
            return value
        job = dict(value)
        config = job.pop("config", None)
        if isinstance(config, dict):
            options = {name: config[name] for name in config if name in _OPTION_ALIASES}
            job["options"] = _merged(options, job.get("options"), "options")
            for name in config.keys() - options.keys():
                job.setdefault(name, config[name])
        elif config is not None:
            job["config"] = config
        if "selectors" in job:
            extract = _merged({}, job.get("extract"), "extract")
            extract["fields"] = _merged(job.pop("selectors"), extract.get("fields"), "selectors")
            job["extract"] = extract
        if "url" in job:
            url, more = job.pop("url"), job.get("urls") or []
            job["urls"] = [url, *more] if isinstance(more, list) else more
        return job

    @property
    def dataset_name(self) -> str:
        """The dataset: as said, else the name brought into the characters a dataset may have, else `default`."""
        if self.dataset:
            return self.dataset
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", self.name or "").strip("-._")[:100] or "default"
