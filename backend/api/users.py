"""`/api/v1/users/me`: the account under the addresses of the old deployment, whose front end calls them."""

from fastapi import APIRouter, Response

from backend import database
from backend.api.auth import update_account, whoami
from backend.api.dependencies import Caller, answer
from backend.api.documentation import protected, refuses
from backend.models.stats import UserStats
from backend.models.user import UserRead
from backend.services import stats

router = APIRouter(prefix="/users/me", tags=["users"])

router.get("", response_model=UserRead, openapi_extra=protected(), operation_id="get_profile")(whoami)
router.put(
    "", response_model=UserRead, responses=refuses(409), openapi_extra=protected(), operation_id="update_profile"
)(update_account)


@router.get("/stats", response_model=UserStats, openapi_extra=protected(), operation_id="get_profile_stats")
async def get_profile_stats(caller: Caller) -> Response:
    """Count the account's todos: in all, done, open, and by priority."""
    return answer(await database.read(lambda session: stats.of(session, caller)))
