"""The code that the framework loaders share. Each loader is a module next to this folder."""
