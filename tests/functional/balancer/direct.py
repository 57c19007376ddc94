"""Asks an instance past the balancer."""

import asyncio
import ssl

from evenly.local.balancer import Endpoint
from evenly.local.certificates import instance_name


async def first_line(where: Endpoint, context: ssl.SSLContext) -> bytes:
    """The first line of its answer. Raises what a client meets that is turned away."""
    reader, writer = await asyncio.open_connection(
        where.address, where.port, ssl=context, server_hostname=instance_name(where.id)
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        line = await reader.readline()
        if not line:
            raise ConnectionError
        return line
    finally:
        writer.transport.abort()
