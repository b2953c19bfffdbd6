"""The scripts that others wrote: named and locked here, brought in at set-up, never committed."""
