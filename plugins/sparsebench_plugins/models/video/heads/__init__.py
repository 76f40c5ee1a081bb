"""The authors' heads on top of CLIP, as modules whose parameters have the names of their checkpoints. Needs torch."""
