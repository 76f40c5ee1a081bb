"""What a GPU is asked first: is it right there, how fast, beside whom, and how far from the limit."""
