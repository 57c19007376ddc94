"""The table, and sessions on it. Where the database is, asyncpg finds in the PG* variables."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Text, func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Before a connection is used it is asked whether it still lives: after a restart of the database, all are new.
engine = create_async_engine("postgresql+asyncpg://", pool_size=5, max_overflow=5, pool_pre_ping=True)
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as opened:
        yield opened


def is_unreachable(error: DBAPIError) -> bool:
    """Class 08: connection exceptions; 57P: the server is shutting down or starting."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(("08", "57P"))
