# No names for Python: its functions are called from other extension modules only.
