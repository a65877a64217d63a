"""The counter: GraphQL in, domain out.

Does no I/O and holds no policy; it does not know which vendor answers."""
