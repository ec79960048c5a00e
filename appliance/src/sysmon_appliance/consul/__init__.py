"""Consul: the lock, the lineage and the catalogue of a region."""
