"""From files to a library: modalities, store, checks, samples."""
