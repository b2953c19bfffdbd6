"""Ask for data, buy it, see what it cost."""
