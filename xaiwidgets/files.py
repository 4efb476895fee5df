"""Where the files that come with the package lie."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """The folder of checkpoints and model cards: inside an installed wheel, else `data/` of the source tree."""
    inside = PACKAGE / "_data"
    return inside if inside.is_dir() else PACKAGE.parent / "data"


def data_file(name: str) -> Path:
    """The path of the data file `name`, such as "scenes-cnn.safetensors"; the file need not exist."""
    if name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"name must be a plain file name without folders, got {name!r}")
    return data_folder() / name
