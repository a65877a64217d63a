"""One folder per vendor; each answers the slices' ports for one or more roles and is entered by `connect`.

A vendor knows the slices it serves and its own wire, no other vendor, and nothing of GraphQL."""
