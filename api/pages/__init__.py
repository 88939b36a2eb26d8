"""What a person sees of the gateway itself: a way in, and a way to everything else."""
