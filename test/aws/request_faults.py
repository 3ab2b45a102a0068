"""Requests held against botocore's models with their enums, patterns, lengths and ranges, which botocore itself skips."""

import re
from threading import Lock

import botocore.session

loaded = {}
lock = Lock()


def operation_model(service, operation):
    with lock:
        if service not in loaded:
            loaded[service] = botocore.session.get_session().get_service_model(service)
    return loaded[service].operation_model(operation)


def compiled(pattern):
    """Python's of a pattern of Java's; None where it has none."""
    for java, python in (("\\p{L}", "a-zA-Z"), ("\\p{Z}", " "), ("\\p{N}", "0-9")):
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, re.S) if pattern else None
    except re.error:
        return None


def faults(shape, value, path):
    """Where a value breaks its shape, as sentences."""
    kind = shape.type_name
    limits = shape.metadata
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path}: wanted an object"]
        missing = [f"{path}: {name} is missing" for name in shape.required_members if name not in value]
        unknown = [f"{path}: {name} is unknown" for name in value if name not in shape.members]
        inner = [faults(shape.members[k], v, f"{path}.{k}") for k, v in value.items() if k in shape.members]
        return sum(inner, missing + unknown)
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: wanted a list"]
        found = [] if limits.get("min", 0) <= len(value) <= limits.get("max", 1e9) else [f"{path}: {len(value)} items"]
        return sum([faults(shape.member, one, f"{path}[{at}]") for at, one in enumerate(value)], found)
    if kind == "map":
        keys = [faults(shape.key, key, f"{path} key {key}") for key in value]
        return sum([faults(shape.value, one, f"{path}.{key}") for key, one in value.items()], sum(keys, []))
    if kind == "string":
        if not isinstance(value, str):
            return [f"{path}: wanted text"]
        if shape.enum and value not in shape.enum:
            return [f"{path}: {value!r} is none of its values"]
        if not limits.get("min", 0) <= len(value) <= limits.get("max", 1e9):
            return [f"{path}: of length {len(value)}"]
        pattern = compiled(limits.get("pattern", ""))
        if pattern and not pattern.fullmatch(value):
            return [f"{path}: {value!r} does not match {pattern.pattern}"]
        return []
    if kind in ("integer", "long", "float", "double"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return [f"{path}: wanted a number"]
        if not limits.get("min", -1e300) <= value <= limits.get("max", 1e300):
            return [f"{path}: {value} is out of range"]
    if kind == "boolean" and not isinstance(value, bool):
        return [f"{path}: wanted true or false"]
    return []
