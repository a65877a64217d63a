"""What retail means: the canonical model, its verbs, and the walls to outside systems.

Knows nothing of GraphQL, HTTP serving or how a process is assembled."""
