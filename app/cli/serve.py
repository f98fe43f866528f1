"""`reach15 serve`: the HTTP service."""

import errno
import signal
import socket
from copy import deepcopy
from typing import Annotated, Any

import typer

from app.cli.options import JsonOption
from app.cli.output import write_json
from app.cli.text import say, warn
from app.domain.errors import BadInputError, Reach15Error

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8015
GRACE_S = 8
"""How long requests in flight may still take, such as an upload over a slow line, when the server is to stop."""


class NotStartedError(Reach15Error):
    """The service gave up before it could answer."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address}: the service did not start; the lines above say why")


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 for every IPv4 one.")
    ] = DEFAULT_HOST,
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="Port to listen on.")
    ] = DEFAULT_PORT,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Number of worker processes.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Serve the HTTP API until Ctrl-C. Its log goes to standard error."""
    from app.cli.wiring import load_settings, open_store

    # What would keep the workers from starting is said here, once and on one line.
    store = open_store(load_settings())
    store.check()
    if not store.list_areas():
        warn("no area has been imported yet; import one with: reach15 area import NAME --osm FILE")
    check_port_is_free(host, port)
    address = address_of(host, port)
    if as_json:
        write_json({"address": address, "documentation": f"{address}/docs", "areas": f"{address}/v1/areas"})
    else:
        say(f"serving on {address} (documentation: {address}/docs); Ctrl-C stops")
    run_server(host, port, workers)


def address_of(host: str, port: int) -> str:
    """Address for a browser."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_port_is_free(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, in words; the server itself would say it in a log.

    Raises
    ------
    BadInputError
        If another program listens there, or the address is not one of this machine.
    """
    place = f"port {port} on {host}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BadInputError(
            f"--host {host}", "is not a name or address of this machine; try 127.0.0.1"
        ) from error
    family, kind, protocol, _, address = found[0]
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            problem = (
                "is taken by another program; stop it, or choose another port with `reach15 serve --port N`"
            )
        elif error.errno == errno.EACCES:
            problem = (
                "needs rights that you do not have; choose a port from 1024 with `reach15 serve --port N`"
            )
        else:
            problem = f"cannot be listened on ({error.strerror}); name an address of this machine with --host"
        raise BadInputError(place, problem) from error


def run_server(host: str, port: int, workers: int = 1) -> None:
    """Serve until stopped; a Ctrl-C is the orderly end and no error.

    Raises
    ------
    NotStartedError
        If the service gave up before it could answer.
    """
    import uvicorn

    from app.cli.wiring import load_settings
    from app.cli.worker_processes import worker_processes

    # Uvicorn ends in order when asked to, and then sends itself the signal again: as a Ctrl-C, which it passes over,
    # it lets us see to the workers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with worker_processes(load_settings().job_workers):
            uvicorn.run(
                "app.main:create_process_app",
                factory=True,
                host=host,
                port=port,
                workers=workers,
                timeout_graceful_shutdown=GRACE_S,
                log_config=_log_config(),
            )
    except SystemExit as end:
        if end.code not in (None, 0):  # uvicorn's codes would be mistaken for ours
            raise NotStartedError(address_of(host, port)) from end


def _log_config() -> dict[str, Any]:
    """Uvicorn's own, with the lines of requests on stderr as well: stdout is for answers."""
    from uvicorn.config import LOGGING_CONFIG

    config = deepcopy(LOGGING_CONFIG)
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config
