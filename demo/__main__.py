"""`python -m demo`: serves the bundled shop and prints one line of JSON when it answers: port, url, seed, pages."""

import argparse
from pathlib import Path

import orjson

from demo.prices import DEFAULT_SEED
from demo.server import Ready, serve


def _announce(ready: Ready) -> None:
    print(orjson.dumps(ready).decode(), flush=True)


def main() -> None:
    """Reads the command line and serves until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Serve the bundled shop.", epilog="Example: python -m demo --port 8100"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="which shop to show (default: %(default)s)")
    parser.add_argument("--log", type=Path, help="file to which each hit is appended as a line of JSON")
    options = parser.parse_args()
    serve(options.host, options.port, options.seed, options.log, _announce)


if __name__ == "__main__":
    main()
