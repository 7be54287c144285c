"""A partner for every test of the room."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.woowup.partner import Partner


@pytest.fixture
def partner(house: Any) -> Partner:
    return Partner(house)
