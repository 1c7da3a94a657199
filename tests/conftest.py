"""What holds for every test: how cases are drawn, and how golden answers are written anew."""

from collections.abc import Iterator

import hypothesis
import pytest

from tests.fixtures.postgres import Databases, fresh_databases

# A run draws the same cases as the run before, so a failure is there again when looked for; no deadline, because a busy
# machine slows a case by a factor that says nothing about the code.
hypothesis.settings.register_profile(
    "portal", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("portal")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="write the golden answers anew, for a person to read the difference"
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """True where golden answers are to be written anew instead of compared."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Fresh PostgreSQL databases: on the server that `PORTAL_TEST_POSTGRES_URL` names, else on one of this process."""
    with fresh_databases() as databases:
        yield databases
