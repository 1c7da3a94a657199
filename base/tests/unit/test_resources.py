from pathlib import Path

from portal import resources

PROJECT = Path(__file__).resolve().parents[2]


def test_folders_lie_beside_the_package_when_in_a_checkout() -> None:
    assert resources.policy_models_folder() == PROJECT / "policy_models"
    assert resources.migrations_folder() == PROJECT / "migrations"
