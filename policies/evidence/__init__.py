"""What proves itself offline: keys, leaves, tree, heads, bundles, and their checks."""
