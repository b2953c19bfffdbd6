"""Files that arrive in pieces: after a broken line, a closed browser or a killed server they go on.

arrival  the noun
pieces   the bytes of each piece, as files of their own
store    which arrivals and pieces there are
arrive   begin, take a piece, end with an upload, drop, sweep
errors   every refusal
"""
