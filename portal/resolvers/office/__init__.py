"""The fields of those who administer a portal: policies, register, audit. Each is in the schema of whose duty it is."""
