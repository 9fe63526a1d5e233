"""The fixtures of tests.fakes.handbook for this folder."""

from tests.fakes.handbook import copied, empty_handbook, published, small

__all__ = ["copied", "empty_handbook", "published", "small"]
