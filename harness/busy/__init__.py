"""The README's flows on a machine that is busy with something else."""
