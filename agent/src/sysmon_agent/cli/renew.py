"""`sysmon-agent renew`: a new certificate for this host's key; the resident agent runs it when it is time."""

import argparse
import logging
import os
import socket

from sysmon_agent import identity
from sysmon_agent.cli.settings import inherited, settings
from sysmon_agent.clock import SystemClock
from sysmon_agent.config.sealing import seal_key
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.enrolment.asking import Grant
from sysmon_agent.enrolment.renewing import Renewal
from sysmon_agent.errors import SysmonError, WaitingError
from sysmon_agent.logs import set_up_logging

_log = logging.getLogger(__name__)


def renew(options: argparse.Namespace) -> int:
    if options.inherited is not None:
        return _logged(inherited(options.inherited), clone=options.clone)
    grant = _granted(settings(options), clone=options.clone)
    print(f"The certificate of host {grant.host_id} is valid until {identity.moment(grant.expires_ms)}.")
    return 0


def _granted(chosen: AgentSettings, *, clone: bool) -> Grant:
    renewal = Renewal(chosen, SystemClock(), seal_key=seal_key(os.environ))
    return renewal.reenroll(chosen.name or socket.gethostname()) if clone else renewal.renew()


def _logged(chosen: AgentSettings, *, clone: bool) -> int:
    """Say the outcome in the log that the resident agent writes to as well."""
    set_up_logging(chosen.log_level)
    try:
        grant = _granted(chosen, clone=clone)
    except WaitingError as error:
        _log.info("The aggregator has not decided yet.", extra={"reason": error.message, "hint": error.hint})
        return error.exit_code
    except SysmonError as error:
        extra = {"code": error.code, "reason": error.message, "hint": error.hint}
        _log.warning("The certificate could not be renewed.", extra=extra)
        return error.exit_code
    extra = {"host": grant.host_id, "expires": identity.moment(grant.expires_ms)}
    _log.info("The certificate was renewed.", extra=extra)
    return 0
