"""A small instance for the tests: HTTPS with mutual TLS on the standard library. Run with:
PORT CERTIFICATE KEY CLIENT_CA ID

`/echo` answers with the request's headers, `/slow?SECONDS` late, `/status?CODE` with that code, `/broken?ID` with 503
if it is that one, `/says?[STATUS, HEADER LINES, BODY]` (JSON) what it is told to.
"""

import asyncio
import json
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from urllib.parse import unquote, urlsplit


async def answer(reader: StreamReader, writer: StreamWriter, instance_id: str) -> None:
    try:
        while line := await reader.readline():
            await answer_one(line, reader, writer, instance_id)
    except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def answer_one(line: bytes, reader: StreamReader, writer: StreamWriter, instance_id: str) -> None:
    method, target, _ = line.decode().split()
    headers = await read_headers(reader)
    await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    status = int(url.query) if url.path == "/status" else 200
    if target == f"/broken?{instance_id}":
        status = 503
    if url.path == "/slow":
        await asyncio.sleep(float(url.query))
    body = json.dumps(
        {"instance": instance_id, "method": method, "target": target, "headers": headers}
    ).encode()
    said = ""
    if url.path == "/says":
        status, said, text = json.loads(unquote(url.query))
        body = text.encode()
    secrets = "server: secret/1.2\r\nx-powered-by: secret\r\n"
    if "x-final" in headers:
        secrets += "x-envoy-ratelimited: true\r\n"
    head = f"HTTP/1.1 {status} X\r\n{secrets}{said}"
    sent = b"" if method == "HEAD" else body
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + sent)
    await writer.drain()


async def read_headers(reader: StreamReader) -> dict[str, str]:
    headers = {}
    while (line := (await reader.readline()).strip()) != b"":
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return headers


async def main(port: str, certificate: str, key: str, client_ca: str, instance_id: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(
        lambda reader, writer: answer(reader, writer, instance_id), "127.0.0.1", int(port), ssl=context
    )
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
