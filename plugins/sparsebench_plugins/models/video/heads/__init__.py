"""What the authors put on top of CLIP, as modules whose parameters have the names of their checkpoints. Needs torch."""
