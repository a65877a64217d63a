"""Every document of the repository under every audience that comes with the product, against a stored table.

Knows the gateway's views, paths, permits and limits by asking them; not what they are to say."""
