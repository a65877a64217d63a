"""GraphQL over HTTP and what every HTTP service owes its operators: ids, health, a clean way down.

Does not know the schema, who may ask, or which systems stand behind."""

from gateway.http.body import check_framing, decode_json, read_body
from gateway.http.correlation import Correlation
from gateway.http.drain import Drain, Draining, DrainingServer
from gateway.http.errors import HttpFault, LastResort
from gateway.http.graphql import Admitted, GraphQLEndpoint, OpenContext
from gateway.http.health import Check, Readiness, livez
from gateway.http.settings import HttpSettings

__all__ = [
    "Admitted",
    "Check",
    "Correlation",
    "Drain",
    "Draining",
    "DrainingServer",
    "GraphQLEndpoint",
    "HttpFault",
    "HttpSettings",
    "LastResort",
    "OpenContext",
    "Readiness",
    "check_framing",
    "decode_json",
    "livez",
    "read_body",
]
