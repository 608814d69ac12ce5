"""Where progress lives: the user's data folder, or the one that WHETSTONE_HOME names."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from app.store.errors import StoreUnwritableError


def data_folder(home: Path | str | None = None) -> Path:
    """The absolute path of the data folder; nothing is created.

    `home` wins over the environment variable WHETSTONE_HOME, which wins over the platform's
    place for user data. An empty WHETSTONE_HOME counts as unset.
    """
    chosen = home or os.environ.get("WHETSTONE_HOME")
    folder = Path(chosen) if chosen else platformdirs.user_data_path("whetstone", appauthor=False)
    return folder.expanduser().absolute()


def make_folder(folder: Path) -> Path:
    """Create `folder` and its parents. Raises StoreUnwritableError saying what is in the way."""
    try:
        str(folder).encode()
        folder.mkdir(parents=True, exist_ok=True)
    except UnicodeEncodeError as error:
        raise unwritable(Path(ascii(str(folder))), "its name is not UTF-8") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise unwritable(folder, "a file is in the way") from error
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error
    return folder


def unwritable(path: Path, reason: str) -> StoreUnwritableError:
    """The error for a path that cannot be written, with the two ways out."""
    return StoreUnwritableError(
        f"cannot write to {path}: {reason}. Make room or change its permissions, "
        "or set WHETSTONE_HOME to another folder."
    )


def unreadable(path: Path, reason: str) -> StoreUnwritableError:
    """The error for a file of the data folder that cannot be read."""
    return StoreUnwritableError(
        f"cannot read {path}: {reason}. Was Whetstone run as another user? Give the folder back "
        "to yourself, or set WHETSTONE_HOME to another one."
    )
