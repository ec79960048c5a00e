"""Errors that the aggregator's answers and commands show, on the agent's family."""

from sysmon_agent.errors import SysmonError


class NotFoundError(SysmonError):
    """The host, metric or page that was asked for does not exist."""

    code = "not_found"


class BadRequestError(SysmonError):
    """The request cannot be answered as it stands."""

    code = "bad_request"


class StorageError(SysmonError):
    """The live database cannot be used."""

    code = "storage"


class UnreachableError(SysmonError):
    """The aggregator does not answer."""

    code = "unreachable"
