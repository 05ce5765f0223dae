"""Measures messaging libraries against each other: every measurement in fresh processes, libraries taking turns."""
