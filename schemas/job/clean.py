"""The job's `clean` section: what is done with values beyond reading their type, and what they must be.

Without it the default holds, which is right for most: every text trimmed and collapsed, every value read as its
field's type wherever it was written, addresses made absolute, what cannot be read left out.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from schemas.events.pipelines import CleanStep, FieldPipeline, Pipelines
from schemas.events.records import FieldRule, FieldType
from schemas.expressions import MAX_LENGTH, parse
from schemas.job.record_schema import check_record_schema
from schemas.job.strings import FieldName, Pattern, Strict, check_replacement

MOST_PATTERNS = 20
"""Regular expressions among all steps and checks of a job."""

_BOUNDED = ("number", "price", "date")


def _expression(value: str) -> str:
    parse(value)
    return value


Computed = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(_expression)]
Word = Literal["trim", "collapse", "lower", "upper", "title", "absolute"]


class Step(Strict):
    """One of: a word (`{"do": "lower"}`, in short `"lower"`), `replace` or `regex` and `with`, a `map`."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=False, populate_by_name=True, serialize_by_alias=True
    )

    do: Word | None = None
    replace: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(None, description="A literal text.")
    regex: Pattern | None = None
    with_: str = Field(
        "",
        alias="with",
        max_length=500,
        description="Put for what replace or regex finds; in regex \\1 is its group 1.",
    )
    map: dict[str, str | float | bool | None] | None = Field(
        None, max_length=1000, description="Whole texts and what they become; null: no value."
    )
    unmapped: Literal["keep", "drop"] = Field("keep", description="What becomes of a text that a map does not name.")

    @model_validator(mode="after")
    def _groups_exist(self) -> "Step":
        if self.regex is not None:
            check_replacement(self.regex, self.with_)
        return self

    @model_validator(mode="after")
    def _one_thing(self) -> "Step":
        given = [name for name in ("do", "replace", "regex", "map") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a step is exactly one of do, replace, regex, map")
        if self.with_ and given[0] not in ("replace", "regex"):
            raise ValueError(f"with goes with replace and regex, not with {given[0]}")
        if self.unmapped == "drop" and given[0] != "map":
            raise ValueError(f"unmapped goes with map, not with {given[0]}")
        return self

    def as_step(self) -> CleanStep:
        """As it travels."""
        if self.do:
            return CleanStep(do=self.do)
        if self.map is not None:
            return CleanStep(do="map", table=self.map, drop=self.unmapped == "drop")
        if self.regex is not None:
            return CleanStep(do="regex", find=self.regex, to=self.with_)
        return CleanStep(do="replace", find=self.replace or "", to=self.with_)


class CleanField(Strict):
    """One field: steps in order, before its type is read; how it is read; what it must be."""

    type: FieldType | None = Field(None, description="For fields that the page gives without rules; else as extracted.")
    steps: list[Step] = Field(default_factory=list, max_length=20)
    decimal: Literal[".", ","] | None = Field(None, description="The decimal mark of a number or price.")
    day_first: bool | None = Field(None, description="Whether 05/11/2024 is in November.")
    min: float | str | None = Field(None, description="Least number, price or date.", union_mode="left_to_right")
    max: float | str | None = Field(None, description="Greatest number, price or date.", union_mode="left_to_right")
    min_length: int | None = Field(None, ge=0, description="Characters of a text, entries of a list.")
    max_length: int | None = Field(None, ge=0)
    pattern: Pattern | None = Field(None, description="Must be found in the text; ^ and $ make it the whole text.")
    one_of: list[str | float | bool] = Field(default_factory=list, max_length=1000, description="The values allowed.")
    invalid: Literal["reject", "leave_out"] | None = Field(
        None,
        description="What becomes of a record whose value is wrong: a dead letter (so where a bound, pattern or list "
        "of values is given), or it goes without the value (so for one that only cannot be read).",
    )

    @field_validator("steps", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return [{"do": step} if isinstance(step, str) else step for step in value] if isinstance(value, list) else value

    @property
    def patterns(self) -> int:
        """How many regular expressions it applies."""
        return sum(step.regex is not None for step in self.steps) + (self.pattern is not None)

    def as_pipeline(self) -> FieldPipeline:
        """As it travels."""
        return FieldPipeline(
            steps=[step.as_step() for step in self.steps],
            decimal=self.decimal or "",
            day_first=self.day_first,
            minimum=self.min,
            maximum=self.max,
            shortest=self.min_length,
            longest=self.max_length,
            pattern=self.pattern or "",
            one_of=list(self.one_of),
            strict=self.constrains if self.invalid is None else self.invalid == "reject",
        )

    @property
    def constrains(self) -> bool:
        """Whether it says what a value must be."""
        bounds = (self.min, self.max, self.min_length, self.max_length, self.pattern)
        return any(bound is not None for bound in bounds) or bool(self.one_of)

    def problem(self, kind: FieldType | None) -> str:
        """Why it cannot be used with a field of this type; None where the type is not known before a page is read."""
        if kind is None:
            return ""
        if self.decimal and kind not in ("number", "price"):
            return f"decimal goes with number and price, not with {kind}"
        if self.day_first is not None and kind != "date":
            return f"day_first goes with date, not with {kind}"
        for name in ("min", "max"):
            bound = getattr(self, name)
            if bound is None:
                continue
            if kind not in _BOUNDED:
                return f"{name} goes with {', '.join(_BOUNDED)}, not with {kind}; texts and lists have {name}_length"
            if (kind == "date") != isinstance(bound, str):
                return f"{name} of a {kind} is {'a date such as 2024-05-01' if kind == 'date' else 'a number'}"
        return ""


class Clean(Strict):
    """Pipelines by field, computed fields, and the JSON Schema of a clean record."""

    fields: dict[FieldName, CleanField] = Field(default_factory=dict, max_length=200)
    computed: dict[FieldName, Computed] = Field(
        default_factory=dict,
        max_length=50,
        description='Expressions over the clean fields, in order: `price * 1.19`, `upper(brand) + " " + name`.',
    )
    record_schema: dict[str, Any] = Field(
        default_factory=dict,
        alias="schema",
        description="JSON Schema (2020-12) that a clean record must satisfy; others become dead letters.",
    )

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, populate_by_name=True, serialize_by_alias=True)

    @field_validator("record_schema")
    @classmethod
    def _usable(cls, value: dict[str, Any]) -> dict[str, Any]:
        check_record_schema(value)
        return value

    @model_validator(mode="after")
    def _bounded(self) -> "Clean":
        patterns = sum(field.patterns for field in self.fields.values())
        if patterns > MOST_PATTERNS:
            raise ValueError(f"there are {patterns} regular expressions; at most {MOST_PATTERNS}")
        return self

    def problems(self, types: dict[str, FieldType] | None) -> Iterable[str]:
        """What does not fit the extracted fields (None: the page's own), each with its place."""
        for name, field in self.fields.items():
            if types is not None and name not in types and name not in self.computed:
                yield f"clean.fields.{name}: there is no such field; there are {', '.join([*types, *self.computed])}"
            kind = field.type or (types or {}).get(name)
            if field.type and types is not None and types.get(name, field.type) != field.type:
                yield f"clean.fields.{name}: its type is {types[name]} in extract.fields; leave type out here"
            elif problem := field.problem(kind):
                yield f"clean.fields.{name}: {problem}"

    def added_rules(self, fields: Mapping[str, FieldRule]) -> dict[str, FieldRule]:
        """Rules of the fields that only this section speaks of: those whose type it says, others are texts."""
        return {
            name: FieldRule(type=field.type or "text")
            for name, field in self.fields.items()
            if name not in fields and (field.type or name not in self.computed)
        }

    def as_rules(self) -> Pipelines | None:
        """As they travel with each batch; nothing where the job says nothing."""
        if not (self.fields or self.computed or self.record_schema):
            return None
        fields = {name: field.as_pipeline() for name, field in self.fields.items()}
        return Pipelines(fields=fields, computed=dict(self.computed), schema=self.record_schema)
