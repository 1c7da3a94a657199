"""What the portal costs: absolute figures, and ratios measured in one run."""
