"""What people write first: FastAPI and SQLModel in the style of the full-stack template, with the right index.

Synchronous handlers, a session for each request, a JWT checked against the user's row, and `response_model`.
"""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from sqlalchemy import JSON, Column, Index, event
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

SECRET_KEY = os.environ["SECRET_KEY"]
engine = create_engine(os.environ["DATABASE_URL"])
hasher = PasswordHasher()


@event.listens_for(engine, "connect")
def _like_everybody(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def utc_now() -> datetime:
    return datetime.now(UTC)


class User(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    email: str = Field(unique=True, index=True, max_length=255)
    hashed_password: str


class TodoBase(SQLModel):
    title: str = Field(min_length=1, max_length=255)
    description: str = Field(default="", max_length=10_000)
    completed: bool = False
    priority: str = "medium"
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON))
    due_date: str | None = None


class Todo(TodoBase, table=True):
    __table_args__ = (Index("ix_todo_list", "owner_id", "completed", "created_at"),)
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    owner_id: uuid.UUID = Field(foreign_key="user.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class TodoUpdate(SQLModel):
    title: str | None = None
    description: str | None = None
    completed: bool | None = None
    priority: str | None = None
    tags: list[str] | None = None
    due_date: str | None = None


class TodoPublic(TodoBase):
    id: uuid.UUID
    owner_id: uuid.UUID
    created_at: datetime
    updated_at: datetime


class TodosPublic(SQLModel):
    data: list[TodoPublic]
    count: int


class Token(SQLModel):
    access_token: str
    token_type: str = "bearer"


class Registration(SQLModel):
    email: str
    password: str


SQLModel.metadata.create_all(engine)
app = FastAPI()


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


def get_current_user(
    session: SessionDep, token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="login"))]
) -> User:
    try:
        payload = jwt.decode(token, SECRET_KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(403, "Could not validate credentials") from None
    if (user := session.get(User, uuid.UUID(payload["sub"]))) is None:
        raise HTTPException(404, "User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


def _own(session: Session, user: User, todo_id: uuid.UUID) -> Todo:
    todo = session.get(Todo, todo_id)
    if todo is None or todo.owner_id != user.id:
        raise HTTPException(404, "Todo not found")
    return todo


@app.post("/register", status_code=201)
def register(session: SessionDep, data: Registration) -> uuid.UUID:
    user = User(email=data.email, hashed_password=hasher.hash(data.password))
    session.add(user)
    session.commit()
    return user.id


@app.post("/login")
def login(session: SessionDep, form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    user = session.exec(select(User).where(User.email == form.username)).first()
    try:
        hasher.verify(user.hashed_password if user else hasher.hash("nobody"), form.password)
    except VerifyMismatchError:
        user = None
    if user is None:
        raise HTTPException(400, "Incorrect email or password")
    claims = {"sub": str(user.id), "exp": utc_now() + timedelta(days=8)}
    return Token(access_token=jwt.encode(claims, SECRET_KEY, algorithm="HS256"))


@app.post("/todos", response_model=TodoPublic, status_code=201)
def create_todo(session: SessionDep, user: CurrentUser, data: TodoBase) -> Todo:
    todo = Todo.model_validate(data, update={"owner_id": user.id})
    session.add(todo)
    session.commit()
    session.refresh(todo)
    return todo


@app.get("/todos", response_model=TodosPublic)
def read_todos(
    session: SessionDep, user: CurrentUser, completed: bool | None = None, skip: int = 0, limit: int = 100
) -> Any:
    wanted = [Todo.owner_id == user.id]
    if completed is not None:
        wanted.append(Todo.completed == completed)
    count = session.exec(select(func.count()).select_from(Todo).where(*wanted)).one()
    newest_first = select(Todo).where(*wanted).order_by(col(Todo.created_at).desc()).offset(skip).limit(limit)
    return {"data": session.exec(newest_first).all(), "count": count}


@app.get("/todos/{todo_id}", response_model=TodoPublic)
def read_todo(session: SessionDep, user: CurrentUser, todo_id: uuid.UUID) -> Todo:
    return _own(session, user, todo_id)


@app.patch("/todos/{todo_id}", response_model=TodoPublic)
def update_todo(session: SessionDep, user: CurrentUser, todo_id: uuid.UUID, data: TodoUpdate) -> Todo:
    todo = _own(session, user, todo_id)
    todo.sqlmodel_update({**data.model_dump(exclude_unset=True), "updated_at": utc_now()})
    session.add(todo)
    session.commit()
    session.refresh(todo)
    return todo
