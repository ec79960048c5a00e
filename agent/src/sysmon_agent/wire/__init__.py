"""The protocol between agent and aggregator: values, their bytes, and who may send them."""
