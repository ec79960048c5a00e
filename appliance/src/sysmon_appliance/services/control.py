"""The services that change who may do what, put together for the routes that call them."""

from dataclasses import dataclass

from sysmon_appliance.services.access import Access


@dataclass(frozen=True, slots=True)
class Control:
    """One service per subject; each makes its changes last and records them before it answers."""

    access: Access
