"""Use cases: what happens when a batch arrives or a page is asked for, over the domain's ports alone."""
