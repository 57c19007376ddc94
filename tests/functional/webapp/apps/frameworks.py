"""One application, five times: what each framework says of its client, and a websocket where it has one."""

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path


def note(event):
    with Path(os.environ["EVENTS"]).open("a") as file:
        file.write(event + "\n")


@asynccontextmanager
async def lifespan(_app):
    note("startup")
    if os.environ.get("BROKEN"):
        raise RuntimeError(f"cannot open {os.environ['DATABASE_URL']}")
    yield
    note("shutdown")


def create_starlette():
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def who(request):
        return JSONResponse({"url": str(request.url), "client": request.client.host})

    async def size(request):
        return JSONResponse({"size": sum([len(chunk) async for chunk in request.stream()])})

    async def events(request):
        async def told():
            try:
                for number in range(1000):
                    yield f"data: {number}\n\n"
                    await asyncio.sleep(0.05)
            finally:
                note("left")

        return StreamingResponse(told(), media_type="text/event-stream")

    async def echo(websocket):
        await websocket.accept()
        await websocket.send_json({"url": str(websocket.url), "client": websocket.client.host})
        await websocket.close()

    routes = [Route("/who", who), Route("/size", size, methods=["POST"]), Route("/events", events)]
    return Starlette(routes=[*routes, WebSocketRoute("/ws", echo)], lifespan=lifespan)


def create_fastapi():
    from fastapi import FastAPI, Request, WebSocket

    app = FastAPI(lifespan=lifespan)

    @app.get("/who")
    async def who(request: Request):
        return {"url": str(request.url), "client": request.client.host}

    @app.websocket("/ws")
    async def echo(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_json({"url": str(websocket.url), "client": websocket.client.host})
        await websocket.close()

    return app


def create_litestar():
    from litestar import Litestar, Request, WebSocket, get, websocket

    @get("/who")
    async def who(request: Request) -> dict[str, str]:
        return {"url": str(request.url), "client": request.client.host}

    @websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"url": str(socket.url), "client": socket.client.host})
        await socket.close()

    return Litestar([who, echo], lifespan=[lifespan])


def create_quart():
    from quart import Quart, request, websocket

    app = Quart(__name__)
    app.while_serving(_while_serving)

    @app.get("/who")
    async def who():
        return {"url": request.url, "client": request.remote_addr}

    @app.websocket("/ws")
    async def echo():
        await websocket.send_json({"url": websocket.url, "client": websocket.remote_addr})

    return app


async def _while_serving():
    async with lifespan(None):
        yield


def create_django():
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.http import JsonResponse
    from django.urls import path

    def who(request):
        return JsonResponse({"url": request.build_absolute_uri(), "client": request.META["REMOTE_ADDR"]})

    settings.configure(
        ROOT_URLCONF=(path("who", who),), ALLOWED_HOSTS=["shop.example.com"], SECRET_KEY="test"
    )
    return get_asgi_application()


async def create_later():
    raise AssertionError


def create_broken():
    raise ValueError(os.environ["DATABASE_URL"])


class AppClass:
    pass
