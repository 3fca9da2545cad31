"""What Gradio's queue keeps for its callers until they fetch it, within bounds.

It keeps some 70 KB for each name of a session that anybody thinks up, and every answer that nobody fetches, for ten
thousand of them; and to whoever asks for one that is not there it breaks off an answer that has begun.
"""

import gradio as gr
from gradio.utils import LRUCache

from backend.errors import BadRequestError, NotFoundError

# Nothing of ours is kept in a session; it has to last from a call until its answer is fetched.
_SESSIONS_MAX = 200
_NAME_MAX = 64
# Gradio asks its queue a thousand times a second whether somebody has come. At a fifth of that an idle server wakes up
# less, and a call waits no longer than this.
_ASK_SECONDS = 0.005


def bound(page: gr.Blocks) -> None:
    """Keep little, and rest when nobody comes. Before the page is mounted."""
    page.state_session_capacity = _SESSIONS_MAX
    queue = page._queue  # noqa: SLF001 - Gradio has no other handle for these
    queue.sleep_when_free = _ASK_SECONDS
    queue.pending_messages_per_session = LRUCache(_SESSIONS_MAX)
    queue.pending_event_ids_session = LRUCache(_SESSIONS_MAX)


def ensure_short(session: str | None) -> None:
    """Raise BadRequestError for a session's name that is no name."""
    if session is not None and len(session) > _NAME_MAX:
        raise BadRequestError(f"session_hash has more than {_NAME_MAX} characters; choose a shorter one.")


def ensure_there(page: gr.Blocks, *, session: str | None = None, event: str | None = None) -> None:
    """Raise NotFoundError where no call waits to be fetched by this session, or under this event."""
    queue = page._queue  # noqa: SLF001 - the same
    if session in queue.pending_messages_per_session or event in queue.event_ids_to_events:
        return
    if not any(event in events for events in queue.pending_event_ids_session.values()):
        raise NotFoundError("No answer waits here: it was fetched already, or never asked for. Make the call again.")
