"""First questions to a GPU: is it right there, how fast, beside whom, and how far from the limit."""
