"""GraphQL over WebSocket, subprotocol graphql-transport-ws: any operation, many at once on one socket.

Does not know the schema, who may ask, or what a subscription follows."""

from gateway.sockets.endpoint import SocketEndpoint

__all__ = ["SocketEndpoint"]
