"""Whole copies of a portal: moved to other databases, backed up into a sealed file, restored, reconciled."""
