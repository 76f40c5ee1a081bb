"""Find the files of a checkpoint: in a folder, in a package, on the Hugging Face hub."""

from sparsebench.checkpoints.hub import Files
from sparsebench.checkpoints.known import Known, as_authors_ran_it, known_checkpoint
from sparsebench.checkpoints.location import AnyLocation, Location

__all__ = ["AnyLocation", "Files", "Known", "Location", "as_authors_ran_it", "known_checkpoint"]
