"""The printed contracts as judges: whether an answer of a service is one that its OpenAPI document allows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

_DOCUMENTS = Path(__file__).parents[3] / "domains" / "connectors" / "open"


@dataclass(frozen=True)
class Contract:
    """One role's document."""

    document: dict[str, Any]

    @classmethod
    def of(cls, role: str) -> "Contract":
        return cls(json.loads((_DOCUMENTS / f"{role.lower()}.openapi.json").read_text()))

    @property
    def endpoints(self) -> set[tuple[str, str]]:
        """Method and path of every endpoint."""
        return {(method.upper(), path) for path, row in self.document["paths"].items() for method in row}

    @property
    def keyed(self) -> set[str]:
        """Paths of the writes: what asks for an Idempotency-Key."""
        return {
            path
            for path, row in self.document["paths"].items()
            if any(parameter["name"] == "Idempotency-Key" for parameter in row.get("post", {}).get("parameters", ()))
        }

    def judge(self, path: str, response: httpx.Response) -> dict[str, Any]:
        """The body of `response` to the endpoint `path` (a template). Raises ValidationError if it is not allowed."""
        operation = self.document["paths"][path][response.request.method.lower()]
        answer = operation["responses"].get(str(response.status_code), operation["responses"]["default"])
        media_type = response.headers["content-type"].partition(";")[0]
        schema = {**answer["content"][media_type]["schema"], "components": self.document["components"]}
        body: dict[str, Any] = response.json()
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)
        return body
