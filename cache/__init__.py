"""The pantry: short-lived answers between a Fetch and whoever asks it.

Does not know what it keeps, nor from where it came."""
