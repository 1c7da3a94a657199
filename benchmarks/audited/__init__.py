"""How many answers a second are made durable in the audit before they leave, and what part of the time that takes."""
