"""Readers of instrument files: found by content first and extension second, one module per format."""
