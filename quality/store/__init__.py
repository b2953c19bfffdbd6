"""The rows of schema `quality`: one module a noun, one statement a function, SQL nowhere else."""
