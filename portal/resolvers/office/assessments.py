"""What a change would do, as the API tells it."""
