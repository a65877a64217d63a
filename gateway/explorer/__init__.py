"""The page at `/`: write a query, run it, read the schema. Everything it loads comes from this package.

Knows no schema and no business: it asks the endpoint, as any client does."""

from gateway.explorer.page import Sample, explorer_routes, first_query

__all__ = ["Sample", "explorer_routes", "first_query"]
