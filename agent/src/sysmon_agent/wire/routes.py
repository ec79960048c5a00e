"""How messages travel over HTTP: as the bodies of these two requests and of the answers to them."""

HELLO_PATH, BATCHES_PATH = "/v1/hello", "/v1/batches"
MESSAGE_TYPE = "application/x-protobuf"
