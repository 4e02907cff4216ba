"""The bench: files in, the analyses that fit them, a study of all cells out. No plotting, no page."""
