"""The command line, timed runs and pictures."""
