"""What keeps a command from starting. Told in one sentence or a short list, never as a traceback."""


class CannotStart(Exception):
    """The text says what is wrong and what to do; the command prints it and exits with code 2."""


class PortTaken(CannotStart):
    """Another process listens where we are to listen, or we may not."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"Port {port} on {host} cannot be opened: {why}. Stop what uses it, or choose another with --port."
        )
        self.port = port
