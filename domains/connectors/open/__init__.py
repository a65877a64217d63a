"""The open role contracts and the connector that speaks them, for in-house services.

Knows no vendor: a retailer implements the printed documents and needs no Python."""
