"""Prints a new CURVE key pair, or the public key of a secret one: `python -m zmqpy.curve_keygen [--json] [--secret KEY]`."""

from __future__ import annotations

import argparse
import json
import sys

import zmqpy


def _main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python3 -m zmqpy.curve_keygen",
        description="Makes a CURVE key pair. Keys are Z85 text.",
    )
    parser.add_argument("--json", action="store_true", help="print the keys as JSON")
    parser.add_argument("--secret", help="print this secret key and its public key instead of new ones")
    options = parser.parse_args(arguments)
    try:
        if options.secret is None:
            public, secret = zmqpy.curve_keypair()
        else:
            secret = options.secret.encode("utf-8")
            public = zmqpy.curve_public(secret)
    except ValueError:
        sys.exit("a secret key is 40 characters of Z85")
    except zmqpy.ZMQError as error:
        sys.exit(f"no key: {error}; this engine is built without libsodium")
    if options.json:
        print(json.dumps({"public": public.decode(), "secret": secret.decode()}, indent=1))
    else:
        print(f"== CURVE PUBLIC KEY ==\n{public.decode()}\n\n== CURVE SECRET KEY ==\n{secret.decode()}")


if __name__ == "__main__":
    _main()
