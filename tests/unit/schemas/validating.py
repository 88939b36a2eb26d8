"""JSON Schema checks with every rule that jsonschema knows, formats included."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

GENERATED = Path(__file__).resolve().parents[3] / "schemas" / "generated"


@cache
def validator(name: str) -> Validator:
    """Of a generated file, as an outsider's program has it."""
    schema = json.loads((GENERATED / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


@cache
def asyncapi() -> dict[str, Any]:
    """The generated document, read back."""
    return dict(yaml.safe_load((GENERATED / "asyncapi.yaml").read_text()))


def draft_7(schema: dict[str, Any]) -> Validator:
    """Of a schema within the AsyncAPI document, whose schemas are a superset of draft 07."""
    Draft7Validator.check_schema(schema)
    return Draft7Validator({"allOf": [schema], "components": asyncapi()["components"]}, format_checker=FormatChecker())
