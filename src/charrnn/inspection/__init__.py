"""What the network learned: what surprises it, and what its units follow."""
