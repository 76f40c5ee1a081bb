"""Evaluate one model on one collection: vectors, scores, tuning, ranking, analyses, records; explain, noise."""
