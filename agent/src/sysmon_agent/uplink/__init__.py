"""What the agent says to aggregators, and when: a machine without I/O."""
