"""The routes of console and API, one subject per file; API lists them in the reference's order."""

from sysmon_appliance.web.console.routes import (
    api_tokens,
    audit,
    authority,
    certificates,
    enrolments,
    events,
    fleet,
    history,
    hosts,
    ledger,
    openapi,
    operations,
    series,
    session,
    storage,
    storage_check,
    tokens,
    users,
)

_DESCRIBED = (
    *fleet.ROUTES,
    *hosts.ROUTES,
    *history.ROUTES,
    *events.ROUTES,
    *ledger.ROUTES,
    *series.ROUTES,
    *storage.ROUTES,
    *storage_check.ROUTES,
    *authority.ROUTES,
    *session.ROUTES,
    *users.ROUTES,
    *api_tokens.ROUTES,
    *tokens.ROUTES,
    *enrolments.ROUTES,
    *certificates.ROUTES,
    *audit.ROUTES,
    *operations.ROUTES,
)
API = (*_DESCRIBED, openapi.route(_DESCRIBED))
