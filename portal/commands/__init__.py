"""The commands of `weir`.

context        what a command works on: settings, database, keys
serving        serve, worker, migrate
people         org, user, token
verification   verify
"""
