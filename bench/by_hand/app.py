"""The web service as FastAPI's own documentation would have it: a pool for the app's lifetime, a typed answer.

It runs in the benchmarks' own environment and imports nothing of ours. asyncpg prepares the query once a
connection and keeps it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel

QUERY = Path(__file__).with_name("query.sql").read_text()


class Greeting(BaseModel):
    language: str
    text: str


class Home(BaseModel):
    instance_id: str
    zone: str
    region: str
    release: int
    greeting: Greeting


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/")
async def home(request: Request) -> Home:
    row = await request.app.state.pool.fetchrow(QUERY)
    return Home(
        instance_id=os.environ["INSTANCE_ID"],
        zone=os.environ["ZONE"],
        region="local",
        release=1,
        greeting=Greeting(language=row["language"], text=row["text"]),
    )


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}
