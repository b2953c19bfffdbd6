"""Answers that are kept as the bytes they were: a version never changes, so neither do they."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

KEPT_BYTES_MAX = 64 << 20
ANSWER_BYTES_MAX = 256 << 10

AnswerKey = tuple[str, str]
"""Digest of the serving copy's rows, and the question in one form of words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Some rows as JSON, whole."""

    data: bytes
    row_count: int


class SmallAnswers:
    """The answers asked for last, within bounds on each and on all."""

    def __init__(self, *, kept_bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._kept_bytes_max = kept_bytes_max
        self._kept_bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[AnswerKey, Answer] = OrderedDict()

    def get(self, key: AnswerKey) -> Answer | None:
        """The answer, if it is kept."""
        with self._lock:
            answer = self._kept.get(key)
            if answer is not None:
                self._kept.move_to_end(key)
            return answer

    def keep(self, key: AnswerKey, answer: Answer) -> None:
        """Keep an answer if it is small; what was not asked for longest makes room."""
        if len(answer.data) > ANSWER_BYTES_MAX:
            return
        with self._lock:
            earlier = self._kept.pop(key, None)
            self._kept[key] = answer
            self._kept_bytes += len(answer.data) - (len(earlier.data) if earlier else 0)
            while self._kept_bytes > self._kept_bytes_max:
                _, dropped = self._kept.popitem(last=False)
                self._kept_bytes -= len(dropped.data)
