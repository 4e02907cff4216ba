"""Three-dimensional anodes on voxels: generated or read from images, measured, and asked how well they conduct."""
