"""The sandbox's order management: locations, stock, reservations, orders and returns over one world.

Does not know points, customers' profiles or the books, and does not judge whether a return is within its window."""

from domains.sandbox.oms.endpoints import routes

__all__ = ["routes"]
