"""A clock that stands still until a test moves it."""


class ManualClock:
    """The host's three clocks, moved by hand.

    `advance` moves all three, as time does; assign to `wall` to step it as an administrator would.
    """

    def __init__(self, *, wall_ms: int = 1_800_000_000_000, boot_ms: int = 1_000_000) -> None:
        self.wall = wall_ms
        self.boot = boot_ms
        self.passed_ms = 0  # however the clocks were set since

    def wall_ms(self) -> int:
        return self.wall

    def boot_ms(self) -> int:
        return self.boot

    def monotonic(self) -> float:
        return self.boot / 1000

    def advance(self, seconds: float) -> None:
        self.wall += round(seconds * 1000)
        self.boot += round(seconds * 1000)
        self.passed_ms += round(seconds * 1000)
