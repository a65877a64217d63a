"""`python -m gateway` is `retailgraph`."""

from gateway.cli import main

if __name__ == "__main__":
    main()
