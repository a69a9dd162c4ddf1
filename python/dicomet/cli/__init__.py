"""The commands of the command line, each imported on first use."""
