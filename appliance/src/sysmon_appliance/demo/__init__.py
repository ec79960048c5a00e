"""Simulated hosts, so that a newcomer sees a full fleet.

They speak the real protocol over real TLS with certificates of their own; only what they measure is made up: recorded
movements of a real machine, at the levels of the role that each host plays. All of them run in one process and say in
hello that they are simulated.
"""
