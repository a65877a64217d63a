"""The counter: GraphQL in, domain out.

Does no I/O and holds no policy; it does not know which vendor answers."""

from resolvers import flow_words as flow_words
from resolvers import words as words  # the canonical enumerations are GraphQL enums before any type names them
