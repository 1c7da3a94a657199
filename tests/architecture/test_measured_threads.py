"""What keeps coverage from hanging (see `tests/conftest.py`): it must be there wherever coverage is."""

import threading

import greenlet
import pytest


def test_greenlet_of_a_thread_is_kept_when_coverage_measures_it(pytestconfig: pytest.Config) -> None:
    ended: list[object] = []
    thread = threading.Thread(target=lambda: ended.append(greenlet.getcurrent()))
    thread.start()
    thread.join()
    kept = next(
        one.MAIN_GREENLETS for one in pytestconfig.pluginmanager.get_plugins() if hasattr(one, "MAIN_GREENLETS")
    )
    assert (ended[0] in kept) is (threading.gettrace() is not None)
