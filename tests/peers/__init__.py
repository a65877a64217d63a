"""The gateway beside other GraphQL gateways: a schema that any of them can serve, answered with the product's parts.

Other gateways are compared over four REST services of a made-up contract (an ERP's products, an OMS's stock and orders,
a loyalty engine's accounts, a CRM's customers) that have nothing of ours in them. This package lets the product take
part: the contract's schema is written as our resolvers are, its services are read through our Wires into records, and
both are put into the product's own application in the place of retail's house. Whatever a request of the product
pays for is paid for here: correlation, deadline, identity, limits and budgets, breakers, provenance, audit of changes.

`python -m tests.peers` serves it as `retailgraph serve` would, in one process. It is told by the environment: UPSTREAM
is where the services are, PORT where to listen (0: any free one), and CACHE=1 puts what was read in the first tier of
the cache for half a minute, which is as long as the caches of the others are given. DOCUMENTS names a folder of
documents that are trusted, so that whole answers to them are kept besides. AUDIT=0 leaves changes unrecorded, as they
are by everybody else.

It knows nothing of the other gateways, nor of what is measured."""
