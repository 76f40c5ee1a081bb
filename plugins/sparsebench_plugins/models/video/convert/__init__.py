"""State dicts of the authors, once, into folders that can be read without risk: strict names, safetensors."""
