"""The demonstration's content: real divisions, synthetic residents, legal persons and licences."""
