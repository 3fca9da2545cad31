"""What an agent reads of shapes and answers, made short: it pays for every word, at every call.

An answer leaves out what is null, and the schema of the answer says so: a field that may be null may be absent. Titles
that only repeat a field's name are left out of both schemas.
"""

from typing import Any

from backend.models.base import Shape

_NULL = {"type": "null"}
# Where a schema holds schemas: by name, in a list, or one.
_BY_NAME, _LISTED, _SINGLE = ("properties", "$defs"), ("anyOf", "allOf", "oneOf", "prefixItems"), ("items",)
_SAYS_A_TYPE = {"type", "anyOf", "allOf", "oneOf", "$ref", "enum", "const"}


def of_input(shape: type[Shape]) -> dict[str, Any]:
    """What a call takes."""
    schema = _short(shape.model_json_schema())
    schema.setdefault("properties", {})
    return schema


def of_output(shape: type[Shape]) -> dict[str, Any]:
    """What an answer holds that `without_nulls` has been through."""
    return _short(shape.model_json_schema(mode="serialization"), is_answer=True)


def without_nulls(value: Any) -> Any:
    """The same without the fields that are null."""
    match value:
        case dict():
            return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
        case list():
            return [without_nulls(inner) for inner in value]
    return value


def _short(schema: dict[str, Any], *, is_answer: bool = False) -> dict[str, Any]:
    short = {name: value for name, value in schema.items() if name != "title"}
    if is_answer and "properties" in schema:
        required = [name for name in schema.get("required", ()) if not _may_be_null(schema["properties"][name])]
        short["required"] = required
    if is_answer and _NULL in schema.get("anyOf", ()):
        others = [choice for choice in schema["anyOf"] if choice != _NULL]
        short.pop("anyOf")
        short |= others[0] if len(others) == 1 else {"anyOf": others}
    for name in _BY_NAME:
        if name in short:
            short[name] = {key: _short(inner, is_answer=is_answer) for key, inner in short[name].items()}
    for name in _LISTED:
        if name in short:
            short[name] = [_short(inner, is_answer=is_answer) for inner in short[name]]
    for name in _SINGLE:
        if isinstance(short.get(name), dict):
            short[name] = _short(short[name], is_answer=is_answer)
    return short


def _may_be_null(schema: dict[str, Any]) -> bool:
    return _NULL in schema.get("anyOf", ()) or not _SAYS_A_TYPE & schema.keys()
