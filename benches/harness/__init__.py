"""dicomet beside its peers: who they are, whether they are right, how long they take, and the table."""
