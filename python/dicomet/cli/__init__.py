"""The commands of the command line but for ``convert``, each imported when it is asked for."""
