"""Where the files that ship with the portal lie: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE_FOLDER = Path(__file__).parent


def policy_models_folder() -> Path:
    """The folder with a folder for each Casbin model."""
    return _shipped_folder("policy_models")


def migrations_folder() -> Path:
    """The folder with Alembic's environment and its versions."""
    return _shipped_folder("migrations")


def frontend_folder() -> Path:
    """The folder with the built pages; in a checkout it is there once they were built."""
    packaged = PACKAGE_FOLDER / "frontend"
    return packaged if packaged.is_dir() else PACKAGE_FOLDER.parent / "frontend" / "dist"


def _shipped_folder(name: str) -> Path:
    packaged = PACKAGE_FOLDER / name
    return packaged if packaged.is_dir() else PACKAGE_FOLDER.parent / name
