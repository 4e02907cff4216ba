"""The laws: one module per law, pure functions on floats and arrays in SI units, without state or files."""
