"""How messages travel over HTTP: as the bodies of requests to these routes, and of the answers to them."""

HELLO_PATH, BATCHES_PATH = "/v1/hello", "/v1/batches"
MESSAGE_TYPE = "application/x-protobuf"

AUTHORITY_PATH, ENROLL_PATH, RENEW_PATH, REENROLL_PATH = "/v1/authority", "/v1/enroll", "/v1/renew", "/v1/reenroll"
"""Routes of identity, which speak JSON; the first three answer without a client certificate too."""
