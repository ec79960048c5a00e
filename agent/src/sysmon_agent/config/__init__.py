"""Settings as one frozen value: `values` are what programs hold, `reader` makes them from YAML and environment.

`values` imports nothing heavy, so the resident agent can hold settings that another process has read.
"""
