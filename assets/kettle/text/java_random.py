"""java.util.Random, so that seeded samples are those of Kettle."""

_MULTIPLIER = 0x5DEECE66D
_MASK = (1 << 48) - 1


class JavaRandom:
    """The linear congruential generator of java.util.Random."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _MULTIPLIER) & _MASK

    def _bits(self, count: int) -> int:
        self._state = (self._state * _MULTIPLIER + 0xB) & _MASK
        return self._state >> (48 - count)

    def next_double(self) -> float:
        """From 0 inclusive to 1 exclusive."""
        high = self._bits(26)
        return float((high << 27) + self._bits(27)) * 2.0**-53

    def next_int(self) -> int:
        """Any signed 32-bit integer."""
        value = self._bits(32)
        return value - (1 << 32) if value >= 1 << 31 else value
