"""GraphQL over HTTP and what every HTTP service owes its operators: ids, health, a clean way down.

Does not know the schema, who may ask, or which systems stand behind."""

from gateway.http.admitted import Admitted, OpenContext, Turns
from gateway.http.asking import Asking
from gateway.http.at_once import AtOnce, Rendered
from gateway.http.auditing import Auditor
from gateway.http.body import check_framing, decode_json, read_body
from gateway.http.correlation import Correlation
from gateway.http.direct import Direct
from gateway.http.drain import Drain, Draining, DrainingServer
from gateway.http.errors import BODILESS, HttpFault, LastResort
from gateway.http.event_stream import EventStreamEndpoint
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.hardening import Hardening
from gateway.http.head import head_of
from gateway.http.health import Check, Readiness, livez
from gateway.http.hops import ForwardedBy, Hops, TrustedProxies, address_of
from gateway.http.idempotency import IDEMPOTENCY_LINE, idempotency_key_of
from gateway.http.kept import Kept
from gateway.http.known import KnownRequests
from gateway.http.origins import CrossOrigin, Origins, check_origin
from gateway.http.request import Documents, GraphQLRequest, persisted_queries_not_supported, request_of
from gateway.http.settings import HttpSettings

__all__ = [
    "BODILESS",
    "IDEMPOTENCY_LINE",
    "Admitted",
    "Asking",
    "AtOnce",
    "Auditor",
    "Check",
    "Correlation",
    "CrossOrigin",
    "Direct",
    "Documents",
    "Drain",
    "Draining",
    "DrainingServer",
    "EventStreamEndpoint",
    "ForwardedBy",
    "GraphQLEndpoint",
    "GraphQLRequest",
    "Hardening",
    "Hops",
    "HttpFault",
    "HttpSettings",
    "Kept",
    "KnownRequests",
    "LastResort",
    "OpenContext",
    "Origins",
    "Readiness",
    "Rendered",
    "TrustedProxies",
    "Turns",
    "address_of",
    "check_framing",
    "check_origin",
    "decode_json",
    "head_of",
    "idempotency_key_of",
    "livez",
    "persisted_queries_not_supported",
    "read_body",
    "request_of",
]
