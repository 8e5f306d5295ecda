"""Where the program keeps what is the user's: connection file, lock, logs, weights, packs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from wire.lock_holder import LOCK_NAME

APPLICATION = "insert-object"
HOME_VARIABLE = "INSERT_OBJECT_HOME"
WEIGHTS_VARIABLE = "INSERT_OBJECT_WEIGHTS"
PACKS_VARIABLE = "INSERT_OBJECT_PACKS"


@dataclass(frozen=True)
class Folders:
    """The folders of one user's daemon; nothing is created until it is needed."""

    data: Path
    logs: Path
    weights: Path
    packs: Path  # further model packs, a folder each

    @classmethod
    def default(cls, environment: Mapping[str, str] | None = None) -> Folders:
        """The user's own folders, or those that the environment names.

        ``INSERT_OBJECT_HOME`` puts data and logs under one folder; ``INSERT_OBJECT_WEIGHTS`` names
        another folder of weights than the one that came with the program, ``INSERT_OBJECT_PACKS`` another
        folder of further model packs than ``packs`` beside the data.
        """
        variables = os.environ if environment is None else environment
        home = variables.get(HOME_VARIABLE, "")
        weights = variables.get(WEIGHTS_VARIABLE, "")
        if home:
            base = Path(home).expanduser().absolute()
            data, logs = base / "data", base / "logs"
        else:
            data = platformdirs.user_data_path(APPLICATION, appauthor=False)
            logs = platformdirs.user_log_path(APPLICATION, appauthor=False)
        packs = variables.get(PACKS_VARIABLE, "")
        return cls(
            data,
            logs,
            Path(weights).expanduser().absolute() if weights else shipped_weights(),
            Path(packs).expanduser().absolute() if packs else data / "packs",
        )

    @property
    def has_shared_packs(self) -> bool:
        """Whether the packs are not beside the data, but where services of other users may use them."""
        return self.packs != self.data / "packs"

    @property
    def connection_file(self) -> Path:
        """How clients reach the running daemon, its token included; readable by the user alone."""
        return self.data / "connection.json"

    @property
    def lock_file(self) -> Path:
        """Held by the running daemon; holds its process id."""
        return self.data / LOCK_NAME

    @property
    def remote(self) -> Path:
        """Keys and settings for using another computer's daemon, or for lending this one's."""
        return self.data / "remote"

    @property
    def upstream_file(self) -> Path:
        """Which other computer's daemon does the work, if one does."""
        return self.remote / "upstream.json"

    @property
    def log_file(self) -> Path:
        return self.logs / "daemon.log"


def shipped_weights() -> Path:
    """The folder of the weights that came with the program."""
    return Path(__file__).resolve().parents[2] / "models" / "weights"
