"""Refreshing a login: the token before is good for a moment where a door allows it, and never later."""

from datetime import timedelta

import pytest
from sqlmodel import select

from backend import database
from backend.errors import AuthenticationError
from backend.models.session import LoginSession, TokenPair
from backend.models.user import User
from backend.services import sessions
from backend.services.actor import Actor
from backend.services.sessions import Claimed
from backend.settings import get_settings

MOMENT = timedelta(seconds=10)


@pytest.fixture
def pair(actor: Actor) -> TokenPair:
    with database.write_scope() as session:
        user = session.get_one(User, actor.user_id)
        return sessions.open_for(session, Claimed(user.id, user.password_hash), None, get_settings())


def refresh(token: str, grace: timedelta) -> TokenPair | None:
    with database.write_scope() as session:
        return sessions.refresh(session, token, get_settings(), grace=grace)


def test_without_grace_the_token_before_ends_the_session(pair: TokenPair) -> None:
    newest = refresh(pair.refresh_token, timedelta(0))
    assert newest is not None
    assert refresh(pair.refresh_token, timedelta(0)) is None
    with pytest.raises(AuthenticationError):
        refresh(newest.refresh_token, timedelta(0))


def test_within_the_grace_the_token_before_gets_the_newest_pair(pair: TokenPair) -> None:
    newest = refresh(pair.refresh_token, MOMENT)
    assert newest is not None
    again = refresh(pair.refresh_token, MOMENT)
    assert again is not None
    assert refresh(again.refresh_token, MOMENT) is not None


def test_after_the_grace_it_ends_the_session(pair: TokenPair) -> None:
    refresh(pair.refresh_token, MOMENT)
    with database.write_scope() as session:
        for login in session.exec(select(LoginSession)):
            login.expires_at -= 2 * MOMENT
    assert refresh(pair.refresh_token, MOMENT) is None


def test_two_generations_back_it_ends_the_session_at_once(pair: TokenPair) -> None:
    second = refresh(pair.refresh_token, MOMENT)
    assert second is not None
    refresh(second.refresh_token, MOMENT)
    assert refresh(pair.refresh_token, MOMENT) is None
