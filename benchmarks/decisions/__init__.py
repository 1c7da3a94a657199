"""What decisions cost in a city: the snapshot, a decision cold and kept, a change of policy; and beside Cedar."""
