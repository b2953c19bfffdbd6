"""The words for a database connection that every package shares.

A verb is given a `Tx`, an open transaction of somebody else's, or, where it is a long act that
names its own transactions, the `Pool`. Rows come as dictionaries.
"""

from __future__ import annotations

from psycopg import Connection, Notify
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from policies.standing import CHANNEL, Standing

Tx = Connection[DictRow]


class Pool(ConnectionPool[Connection[DictRow]]):
    """Connections of one process, which hear of the changes that they make themselves."""

    def __init__(self, url: str, *, size: int, wait_s: float) -> None:
        self.standing = Standing()
        super().__init__(
            url,
            min_size=1,
            max_size=size,
            timeout=wait_s,
            connection_class=Connection[DictRow],
            kwargs={"row_factory": dict_row},
            configure=self._listen,
            open=True,
        )

    def _listen(self, connection: Tx) -> None:
        """The server sends a connection's own notices with the answer to its COMMIT."""
        own_pid = connection.info.backend_pid

        def heard(notice: Notify) -> None:
            # Those of others come late here, when the connection is next used; `hear_changes`
            # has them at once.
            if notice.pid == own_pid and notice.channel == CHANNEL:
                self.standing.change()

        connection.add_notify_handler(heard)
        connection.execute(f"LISTEN {CHANNEL}")
        connection.commit()
