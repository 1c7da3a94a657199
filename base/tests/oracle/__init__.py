"""A second portal in plain Python, from the normative pages alone: the reference the real one is held to."""
