"""The official schema of CycloneDX documents."""

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs

_SCHEMAS = files("cyclonedx.schema") / "_res"


def schema_faults(document: Any) -> list[str]:
    """List what makes a document no CycloneDX 1.6."""
    validator = jsonschema_rs.validator_for(_retrieve("bom-1.6.SNAPSHOT.schema.json"), retriever=_retrieve)
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(document)]


def _retrieve(address: str) -> Any:
    return json.loads((_SCHEMAS / address.rpartition("/")[2]).read_text(encoding="utf-8"))
