"""What programs speak to, a module or folder for each protocol."""
