"""What a job says of its trends: series, sensitivity, rules. Numbers and prices are watched without a word."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.events.trends import TrendRule, TrendRules, TrendSeries, TrendTerms
from schemas.job.strings import FieldName, Strict


class RuleSpec(Strict):
    """When to be told, whatever is usual."""

    when: Literal["above", "below", "change", "new", "gone"] = Field(
        description="A value above or below `than`; a change against the one before; a record key that is new or gone."
    )
    field: FieldName | None = Field(None, description="The number or price that is meant; not for new and gone.")
    than: float = Field(0.0, description="The bound; for a change the percentage, up or down.", allow_inf_nan=False)
    times: int = Field(1, ge=1, le=1000, description="Values in a row that it takes.")

    @model_validator(mode="after")
    def _complete(self) -> "RuleSpec":
        about_values = self.when not in ("new", "gone")
        if about_values != (self.field is not None):
            raise ValueError(f"a rule {self.when} {'needs' if about_values else 'has no'} field")
        if self.when == "change" and self.than <= 0:
            raise ValueError("a change needs than: the percentage from which on it is told, above 0")
        return self


class SeriesSpec(Strict):
    """Further series of a field, by other keys than the record's."""

    field: FieldName
    key: list[FieldName] = Field(min_length=1, max_length=5, description="Fields that make the key: brand, shop …")


class TermsSpec(Strict):
    """Words that suddenly many speak of."""

    fields: list[FieldName] = Field(min_length=1, max_length=10, description="Texts, or lists of terms.")
    source: FieldName | None = Field(None, description="Who speaks: an author, a shop; by default the page's host.")
    slot: float = Field(3600.0, ge=60, le=604_800, description="Seconds in which a source counts once.")
    surprise: float = Field(2.2, ge=1, le=20, description="z of a burst: 2.2 errs once in ten slots, 3 once in fifty.")


class Trends(Strict):
    """What is watched and when to speak."""

    enabled: bool = Field(True, description="Watch this job's records at all.")
    sensitivity: Literal["few", "many"] | None = Field(
        None, description="`few` finds more, for some hundred series; `many` errs less; by default as the stage is set."
    )
    ignore: list[FieldName] = Field(default_factory=list, max_length=100, description="Fields that are not watched.")
    series: list[SeriesSpec] = Field(default_factory=list, max_length=20)
    rules: Annotated[list[RuleSpec], Field(max_length=50)] = Field(default_factory=list)
    terms: TermsSpec | None = None
    memory: bool = Field(
        False, description="Mark each record as new, changed (from what to what), repeated, similar or gone."
    )

    def as_rules(self) -> TrendRules | None:
        """As they travel with each batch; nothing where the job says nothing."""
        if self == Trends.model_validate({}):
            return None
        terms = self.terms
        return TrendRules(
            enabled=self.enabled,
            sensitivity=self.sensitivity or "",
            ignore=list(self.ignore),
            series=[TrendSeries(field=one.field, key=list(one.key)) for one in self.series],
            rules=[
                TrendRule(
                    when=one.when,
                    field=one.field or "",
                    than=one.than / 100 if one.when == "change" else one.than,
                    times=one.times,
                )
                for one in self.rules
            ],
            memory=self.memory or any(one.when in ("new", "gone") for one in self.rules),
            terms=None
            if terms is None
            else TrendTerms(
                fields=list(terms.fields), source=terms.source or "", slot=terms.slot, surprise=terms.surprise
            ),
        )
