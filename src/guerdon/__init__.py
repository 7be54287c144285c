"""Guerdon: a self-hosted loyalty and customer-event platform."""

from importlib.metadata import version

__version__ = version("guerdon")
__all__ = ["__version__"]
