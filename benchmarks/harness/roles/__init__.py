"""What a worker process can be told to do: one module for each kind of measurement."""
