"""TLS as listeners speak it: a context that is replaced while connections are open.

An open connection keeps the context that it began with; a new one gets the newest. Nothing is changed in place, so a
handshake never meets a certificate with another's key, and session tickets end with the context that gave them: after
an authority was withdrawn, no resumed session remembers that it was trusted.
"""

import ssl
from dataclasses import dataclass

from sysmon_agent.errors import IdentityError

_MODERN_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, where it is allowed at all; those of 1.3 are all good."""

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a listener shows and whom it believes; all PEM."""

    certificate: str  # the listener's own, then the intermediate that signed it
    key: str
    authority: str = ""  # the roots of those who show a certificate; empty where nobody is asked for one


class LiveContext:
    """The context of a listener, made anew by `reload`.

    Parameters
    ----------
    minimum_version
        "1.3", or "1.2" where old clients must be let in.
    clients
        Whether those who connect show a certificate: CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED.
    key_passphrase
        Opens the key where it is sealed.

    Raises
    ------
    IdentityError
        A file is missing, or is no certificate or key, or they do not belong together.
    """

    def __init__(
        self,
        files: TlsFiles,
        *,
        minimum_version: str = "1.3",
        clients: ssl.VerifyMode = ssl.CERT_NONE,
        key_passphrase: bytes | None = None,
    ) -> None:
        self._files = files
        self._minimum = _VERSIONS[minimum_version]
        self._clients = clients
        self._key_passphrase = key_passphrase
        self._context = self._made()

    @property
    def context(self) -> ssl.SSLContext:
        """What the next connection is to use."""
        return self._context

    def reload(self) -> None:
        """Read the files again; where that fails, the context stays as it was.

        Raises
        ------
        IdentityError
            As when it was made.
        """
        self._context = self._made()

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = self._minimum
        context.set_ciphers(_MODERN_CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 1  # a client has one connection here; each ticket more would be made for nobody
        context.verify_mode = self._clients
        files = self._files
        try:
            # Without a function here, OpenSSL would ask the terminal for the passphrase of a sealed key.
            context.load_cert_chain(files.certificate, files.key, password=lambda: self._key_passphrase or b"")
            if files.authority:
                context.load_verify_locations(files.authority)
        except (OSError, ValueError) as error:
            raise _unusable(files, error) from error
        return context


def _unusable(files: TlsFiles, error: Exception) -> IdentityError:
    named = ", ".join(filter(None, (files.certificate, files.key, files.authority)))
    return IdentityError(
        f"The certificate, key or authority of a listener cannot be used ({named}): {error}.",
        hint="sysmon-aggregator pki show",
    )
