"""A verifier of the audit log that shares no code with the portal: standard library, cryptography and psycopg alone."""
