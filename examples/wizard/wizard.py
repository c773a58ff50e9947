"""The backend of a setup wizard: an application of one's own with the service mounted at /mail-setup.

uvicorn --app-dir examples/wizard wizard:app        then open http://127.0.0.1:8000/
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

from mailsettings.web import Settings, create_app

HERE = Path(__file__).parent


def wizard(setup: FastAPI) -> FastAPI:
    """Return the application around the service *setup*."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await setup.state.service.aclose()  # a mounted app does not see the shutdown

    app = FastAPI(lifespan=lifespan)
    app.mount("/mail-setup", setup)

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(HERE / "wizard.html")

    @app.get("/wizard.js")
    async def script() -> FileResponse:
        return FileResponse(HERE / "wizard.js")

    return app


app = wizard(create_app(settings=Settings(page=False)))
