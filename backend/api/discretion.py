"""Discretion: the server's own log of requests keeps the secrets to itself that stand in addresses."""

import logging
import re

from backend.models.token import SECRET_PREFIX

# A calendar's and an invitation's address is its key; what a query calls a token or a password is one wherever it is
# sent to, and a personal token is one wherever it stands.
_SECRET = re.compile(
    rf"(/calendar/|/v1/invites/|[?&](?:invite|\w*token|\w*key|password|secret)=|{SECRET_PREFIX})[^/?&\s]+",
    re.IGNORECASE,
)


class _Hidden(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, without its secrets."""
        if isinstance(record.args, tuple):
            record.args = tuple(_SECRET.sub(r"\1...", part) if isinstance(part, str) else part for part in record.args)
        return True


_HIDDEN = _Hidden()


def keep_secrets() -> None:
    """Keep the secrets of addresses out of the log from now on."""
    logging.getLogger("uvicorn.access").addFilter(_HIDDEN)
