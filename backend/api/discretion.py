"""Discretion: the log keeps secrets to itself, and strangers get no word of their own into it.

The lines of uvicorn's log of requests hold addresses, and some of those are secrets. What a caller of the MCP door
sends wrong, its library tells with everything that was sent, line breaks and all; the answer says it already.
"""

import logging
import re

from backend.models.token import SECRET_PREFIX

# A calendar's and an invitation's address is its key; what a query calls a token or a password is one wherever it is
# sent to, and a personal token is one wherever it stands.
_SECRET = re.compile(
    rf"(/calendar/|/v1/invites/|[?&](?:invite|\w*token|\w*key|password|secret)=|{SECRET_PREFIX})[^/?&\s]+",
    re.IGNORECASE,
)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_MAX = 2_000


class _Hidden(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, without its secrets."""
        if isinstance(record.args, tuple):
            record.args = tuple(_SECRET.sub(r"\1...", part) if isinstance(part, str) else part for part in record.args)
        return True


class _OneLine(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let one line of ordinary length pass for each record, and none that only repeats what a caller sent."""
        if record.levelno < logging.ERROR and "/mcp/" in record.pathname.replace("\\", "/"):
            return False
        text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", record.getMessage())
        record.msg, record.args = text if len(text) <= _LINE_MAX else f"{text[:_LINE_MAX]}...", ()
        return True


_HIDDEN, _ONE_LINE = _Hidden(), _OneLine()


def keep_secrets() -> None:
    """Keep the secrets of addresses, and what strangers would write, out of the log from now on."""
    logging.getLogger("uvicorn.access").addFilter(_HIDDEN)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_ONE_LINE)
