"""What the loaders for frameworks share; each of these is a module of its own beside this folder."""
