"""Certificates: who may sign, what each role's certificate says, and where the files lie."""

from sysmon_appliance.pki.local import IssuedFiles, LocalAuthority

__all__ = ["IssuedFiles", "LocalAuthority"]
