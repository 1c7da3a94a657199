"""Who asks: the register of departments, applications and users, and their tokens."""
