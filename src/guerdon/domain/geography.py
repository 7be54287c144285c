"""Whether two places are near each other, by integers alone.

The great circle's haversine, in whole billionths of billionths: so that every machine decides the
same, to the last digit.

Units: coordinates are ten-millionths of a degree (520522400 is 52.05224°); distances decimetres.
Source: the haversine formula; a mean earth radius of 6,371 km (IUGG).
"""

from __future__ import annotations

DEGREE = 10_000_000
LATITUDE_MAX = 90 * DEGREE
LONGITUDE_MAX = 180 * DEGREE
_ONE = 10**18
_PI = 3_141_592_653_589_793_238
_EARTH_RADIUS = 63_710_000


def is_within(here: tuple[int, int], there: tuple[int, int], distance: int) -> bool:
    """Whether two (latitude, longitude) are at most `distance` decimetres apart."""
    half_angle = distance * _ONE // (2 * _EARTH_RADIUS)
    if half_angle >= _PI // 2:
        return True
    return _haversine(here, there) <= _square(_sine(half_angle))


def _haversine(here: tuple[int, int], there: tuple[int, int]) -> int:
    north = _square(_sine(_radians(there[0] - here[0]) // 2))
    east = _square(_sine(_radians(there[1] - here[1]) // 2))
    return north + _cosine(_radians(here[0])) * _cosine(_radians(there[0])) // _ONE * east // _ONE


def _radians(angle: int) -> int:
    return angle * _PI // (180 * DEGREE)


def _cosine(angle: int) -> int:
    return _sine(angle + _PI // 2)


def _sine(angle: int) -> int:
    """The Taylor series, until a term is nothing."""
    square = _square(angle)
    term = total = angle
    order = 1
    while abs(term) > 1:
        term = -term * square // _ONE // ((order + 1) * (order + 2))
        total += term
        order += 2
    return total


def _square(value: int) -> int:
    return value * value // _ONE
