"""The peer: the same service put together by hand out of nginx, uvicorn, FastAPI, asyncpg and PostgreSQL."""
