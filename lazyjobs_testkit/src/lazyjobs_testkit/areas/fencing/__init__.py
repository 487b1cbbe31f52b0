"""Who may finish a record: the current claim, and nobody else."""
