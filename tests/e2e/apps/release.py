"""A program for releases: HTTPS with mutual TLS on $HOST:$PORT, which answers with its version.

$KIND says how it is wrong: `never` healthy; `broken`: 500 to everything but its health; `share`: 500 to a fifth of the
requests; `slow`: its answers take $SLOW_S; `mortal`: it dies 5 s after its start.
"""

import asyncio
import itertools
import json
import os
import ssl

KIND = os.environ.get("KIND", "well")
VERSION = os.environ.get("VERSION", "1")
COUNT = itertools.count()


def status(path):
    if path == "/healthz":
        return 500 if KIND == "never" else 200
    if KIND == "broken":
        return 500
    return 500 if KIND == "share" and next(COUNT) % 5 == 4 else 200


async def answer(reader, writer):
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            path = request.split(b" ", 2)[1].decode()
            if KIND == "slow" and path != "/healthz":
                await asyncio.sleep(float(os.environ["SLOW_S"]))
            told = {"version": VERSION, "instance_id": os.environ["EVENLY_INSTANCE_ID"]}
            body = json.dumps({**told, "zone": os.environ["EVENLY_ZONE"]}).encode()
            head = f"HTTP/1.1 {status(path)} Whatever\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
            writer.write(f"{head}\r\n\r\n".encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["TLS_CERTIFICATE"], os.environ["TLS_KEY"])
    context.load_verify_locations(os.environ["TLS_CLIENT_CA"])
    context.verify_mode = ssl.CERT_REQUIRED
    if KIND == "mortal":
        asyncio.get_running_loop().call_later(5, os._exit, 9)
    server = await asyncio.start_server(answer, os.environ["HOST"], int(os.environ["PORT"]), ssl=context)
    await server.serve_forever()


asyncio.run(main())
