"""The agent at work: one thread collects, one delivers, and the spool lies between them."""
