"""What each command of the command line does, once its options are known."""
