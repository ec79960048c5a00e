"""No more than half of a core."""

from sysmon_appliance.compactor.pace import Pace


class Machine:
    """Time and processor time that pass when a test says so."""

    def __init__(self) -> None:
        self.worked = self.passed = self.rested = 0.0

    def work(self, seconds: float) -> None:
        self.worked += seconds
        self.passed += seconds

    def wait(self, seconds: float) -> None:
        self.passed += seconds

    def rest(self, seconds: float) -> None:
        self.rested += seconds
        self.passed += seconds

    def pace(self) -> Pace:
        return Pace(lambda: self.worked, lambda: self.passed, self.rest)


def test_rest_is_as_long_as_work() -> None:
    """Over any time half of it is left to others."""
    machine = Machine()
    pace = machine.pace()
    for _ in range(100):
        machine.work(0.03)
        pace.breathe()
    assert abs(machine.worked / machine.passed - 0.5) < 0.01


def test_waiting_for_a_disk_counts_as_rest() -> None:
    """Whoever waited anyway need not rest as well."""
    machine = Machine()
    pace = machine.pace()
    machine.work(0.03)
    machine.wait(0.1)
    pace.breathe()
    assert machine.rested == 0


def test_very_short_work_goes_on() -> None:
    """Resting costs something, too: it is not done after each row."""
    machine = Machine()
    pace = machine.pace()
    machine.work(0.001)
    pace.breathe()
    assert machine.rested == 0


def test_the_start_of_the_process_counts() -> None:
    """What loading the program took is rested from, too: of a small job it is most of the work."""
    machine = Machine()
    machine.work(0.3)
    machine.pace().breathe()
    assert abs(machine.rested - 0.3) < 1e-9
