"""What of the demo city is done in a data folder: a file that also marks the folder as a demo's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

MARKER: Final = "demo-city.json"


def is_demo(data: Path) -> bool:
    """Whether the folder is one that the demo made, and so may delete."""
    return (data / MARKER).is_file()


class Progress:
    """The steps that are done, kept on disk after each, so that loading can be cut short."""

    def __init__(self, data: Path) -> None:
        self._file = data / MARKER
        self._done: list[str] = []
        self.is_complete = False
        if self._file.exists():
            stored = json.loads(self._file.read_text(encoding="utf-8"))
            self._done = [str(step) for step in stored["done"]]
            self.is_complete = bool(stored["is_complete"])

    def __contains__(self, step: str) -> bool:
        return step in self._done

    def add(self, step: str) -> None:
        """Note that a step is done."""
        self._done.append(step)
        self.write()

    def complete(self) -> None:
        """Note that all of it is done."""
        self.is_complete = True
        self.write()

    def write(self) -> None:
        """Keep it; a crash leaves the old file or the new one."""
        part = self._file.with_suffix(".part")
        told = {"is_complete": self.is_complete, "done": self._done}
        part.write_text(json.dumps(told, indent=1), encoding="utf-8")
        part.replace(self._file)
