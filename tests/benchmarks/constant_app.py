"""FastAPI alone: it looks whether the token is the right one, and answers bytes that are ready.

`CONSTANTS` names a file of JSON: the token, and the answer to each path.
"""

import json
import os
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_known = json.loads(Path(os.environ["CONSTANTS"]).read_text())
_answers = {path: body.encode() for path, body in _known["answers"].items()}
app = FastAPI()


async def _caller(credential: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> None:
    if credential.credentials != _known["token"]:
        raise HTTPException(401)


@app.get("/api/v1/todos", dependencies=[Depends(_caller)])
@app.get("/api/v1/todos/{todo_id}", dependencies=[Depends(_caller)])
async def answer(request: Request) -> Response:
    """The same bytes each time."""
    return Response(_answers[request.url.path], media_type="application/json")
