"""Checks of a change before it is approved: what of it can do nothing, or undoes what is there."""
