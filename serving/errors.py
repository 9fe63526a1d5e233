"""What a request may be refused with; the app turns it into an HTTP answer {"error": …}."""


class Refused(Exception):
    """A request that gets a status other than 200.

    Args:
        status: the HTTP status.
        what: what is wrong, naming the field.
        fix: what the caller can do about it.
    """

    def __init__(self, status: int, what: str, fix: str = "") -> None:
        self.status = status
        self.message = f"{what}. Fix: {fix}" if fix else what
        super().__init__(self.message)
