"""One group: vectors, scores, tuning, ranking, analyses, records."""
