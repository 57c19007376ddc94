"""GET / lists the newest notes, POST /notes adds one. Every answer says which instance gave it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from notes.database import Note, engine, is_unreachable, session

INSTANCE_ID = os.environ.get("EVENLY_INSTANCE_ID", "unknown")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(title="Notes", lifespan=lifespan)
Session = Annotated[AsyncSession, Depends(session)]


class NewNote(BaseModel):
    text: str = Field(min_length=1, max_length=500)


class ShownNote(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    text: str
    written_at: datetime


class Board(BaseModel):
    instance_id: str
    notes: list[ShownNote]


@app.get("/")
async def board(opened: Session) -> Board:
    found = await opened.scalars(select(Note).order_by(Note.id.desc()).limit(20))
    return Board(instance_id=INSTANCE_ID, notes=[ShownNote.model_validate(each) for each in found])


@app.post("/notes", status_code=201)
async def add(new: NewNote, opened: Session) -> ShownNote:
    note = Note(text=new.text)
    opened.add(note)
    await opened.commit()
    await opened.refresh(note)
    return ShownNote.model_validate(note)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """This process is alive. It does not ask the database: without one, no instance is better than another."""
    return {"status": "alive"}


@app.exception_handler(OSError)
@app.exception_handler(DBAPIError)
async def no_database(_request: Request, error: OSError | DBAPIError) -> JSONResponse:
    """503 makes the balancer ask once more; by then the database may be back."""
    if isinstance(error, DBAPIError) and not is_unreachable(error):
        raise error
    return JSONResponse({"detail": "The database does not answer."}, 503, {"Retry-After": "1"})
