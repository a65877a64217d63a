"""Whose things a caller may see and act on. Scopes say which fields somebody may ask for; this says of whom."""

from domains.vocabulary import CustomerId, LocationId, NotPermitted
from resolvers.context import Caller, Context, Retail
from resolvers.identity import native_id

SERVING = frozenset({"associate", "operations"})
"""Kinds of caller that answer to every customer."""

NAMELESS = "anonymous"
"""The subject of whoever sends no credential."""


def kind_of(caller: Caller) -> str:
    """The kind of a caller's audience: partner/acme is a partner."""
    return caller.audience.partition("/")[0]


def serves(caller: Caller) -> bool:
    """Whether `caller` works for the retailer."""
    return kind_of(caller) in SERVING


def operates(caller: Caller) -> bool:
    """Whether `caller` keeps the shop running: sees everybody's slow writes, and acts on what is stuck."""
    return kind_of(caller) == "operations"


def identified(caller: Caller) -> bool:
    """Whether it is known who asks.

    Settings that make whoever sends no credential a customer, or one who serves them, have said who it is: a till
    behind a network of its own.
    """
    return caller.subject != NAMELESS or caller.customer_id is not None or serves(caller)


def may_see(caller: Caller, owner: CustomerId | None) -> bool:
    """Whether `caller` may see what belongs to `owner`. What belongs to nobody is for those who serve."""
    return serves(caller) or (owner is not None and caller.customer_id == owner)


def by_channel(caller: Caller) -> bool:
    """Whether `caller` sees orders by where they were placed, whoever placed them: a partner."""
    return kind_of(caller) == "partner"


def may_see_order(caller: Caller, owner: CustomerId | None, channel: str | None) -> bool:
    """Whether `caller` may see an order that `owner` placed in `channel`, and what came back of it.

    A partner sees those of its own channel and no others, also none of a customer it speaks for; without a channel it
    sees none.
    """
    if by_channel(caller):
        return caller.channel is not None and channel == caller.channel
    return may_see(caller, owner)


def own_channel(caller: Caller, given: str | None) -> str | None:
    """The channel in which `caller` orders: the one they are bound to, else the one that is named, if any.

    Raises NotPermitted for another one than their own, and for a partner that has none.
    """
    if caller.channel is None and by_channel(caller):
        raise NotPermitted("A partner orders in its channel, and your credential names none.")
    if caller.channel is not None and given not in (None, caller.channel):
        raise NotPermitted(f"You are bound to the channel {caller.channel}, and order in no other.")
    return caller.channel or given


def make_sure_receives(caller: Caller) -> None:
    """Raises NotPermitted for an associate who works in no store: goods are received in one, and counted there."""
    if kind_of(caller) == "associate" and caller.store_id is None:
        raise NotPermitted("Goods are received in a store, and your credential names none.")


def own_store(caller: Caller, given: str | None, *path: str | int) -> LocationId | None:
    """The store in whose name `caller` does something: an associate's own and no other; operations name any, or none.

    None for an associate without a store, who may do what needs none. Raises NotPermitted for a store that is not
    theirs, and InvalidInput, pointing at `path`, for what cannot be one.
    """
    bound = caller.store_id if serves(caller) else None
    if given is None:
        return bound
    store = LocationId(native_id("Location", given, *path))
    if not serves(caller):
        raise NotPermitted("Only those who work in a store act in its name.")
    if bound is None and not operates(caller):
        raise NotPermitted(f"Your credential names no store, so you cannot act in the name of {store}.")
    if bound not in (None, store):
        raise NotPermitted(f"You are bound to {bound}, and act in the name of no other store.")
    return store


def may_be_shared(context: Context) -> bool:
    """Whether a cache may hand the answer to this request to anybody else who asks the same.

    Judged by what was read, so that a field which hides what it found counts as private too. Not when something was
    looked for in vain: nobody can say for how long it will not be there.
    """
    provenance = context.loaders.provenance
    public = {id(fetch) for fetch in public_reads(context.retail).values()}
    return provenance.asked <= public and not provenance.missed


def shared_reads(context: Context) -> frozenset[str]:
    """The names of the public reads that were asked for the answer to this request."""
    asked = context.loaders.provenance.asked
    return frozenset(name for name, fetch in public_reads(context.retail).items() if id(fetch) in asked)


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
