"""Hosts by what people call them, whether they were enrolled, have sent something, or both."""

from collections.abc import Callable

from sysmon_appliance.domain.hosts import Host, HostDirectory
from sysmon_appliance.services.hosts import HostName
from sysmon_appliance.services.identities import Identities


class NamedHosts:
    """Finds hosts and their names.

    Parameters
    ----------
    known
        Finds a host that has sent something by id, prefix or name; raises NotFoundError and BadRequestError.
    """

    def __init__(self, identities: Identities, directory: HostDirectory, known: Callable[[str], Host]) -> None:
        self._identities = identities
        self._directory = directory
        self._known = known

    def find(self, wanted: str) -> str:
        """Return the host_id of a host.

        Raises
        ------
        NotFoundError, BadRequestError
            There is none, or there are several.
        """
        return wanted if self._identities.find(wanted) is not None else self._known(wanted).host_id

    def name(self, host_id: str) -> str:
        """Return the name that a host has now, else the one that it was enrolled under."""
        known = self._directory.find(host_id) or self._identities.find(host_id)
        return known.name if known is not None else host_id[:8]

    def named(self, host_id: str) -> HostName | None:
        """Return a host with its name; None where the id is empty."""
        return HostName(host_id, self.name(host_id)) if host_id else None
