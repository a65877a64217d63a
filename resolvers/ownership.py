"""Who may see what belongs to a customer: the customer, and those who serve customers."""

from domains.vocabulary import CustomerId, NotPermitted
from resolvers.context import Caller, Context, Retail

SERVING = frozenset({"associate", "operations"})
"""Audiences that answer to every customer."""


def serves(caller: Caller) -> bool:
    """Whether `caller` works for the retailer."""
    return caller.audience in SERVING


def operates(caller: Caller) -> bool:
    """Whether `caller` keeps the shop running: sees everybody's slow writes, and acts on what is stuck."""
    return caller.audience == "operations"


def make_sure_operates(caller: Caller) -> None:
    """Raises NotPermitted for anybody but operations."""
    if not operates(caller):
        raise NotPermitted("This is for operations. Ask with a token of that audience.")


def may_see(caller: Caller, owner: CustomerId | None) -> bool:
    """Whether `caller` may see what belongs to `owner`. What belongs to nobody is for those who serve."""
    return serves(caller) or (owner is not None and caller.customer_id == owner)


def may_be_shared(context: Context) -> bool:
    """Whether a cache may hand the answer to this request to anybody else who asks the same.

    Judged by what was read, so that a field which hides what it found counts as private too. Not when something was
    looked for in vain: nobody can say for how long it will not be there.
    """
    provenance = context.loaders.provenance
    public = {id(fetch) for fetch in public_reads(context.retail).values()}
    return provenance.asked <= public and not provenance.missed


def public_reads(retail: Retail) -> dict[str, object]:
    """The reads whose answers belong to nobody, by slice and name. Whatever is not listed is private."""
    return {
        "products.by_sku": retail.products.by_sku,
        "inventory.locations": retail.inventory.locations,
        "inventory.network": retail.inventory.network,
        "inventory.stock": retail.inventory.stock,
        "returns.policies": retail.returns.policies,
        "loyalty.programs": retail.loyalty.programs,
    }
